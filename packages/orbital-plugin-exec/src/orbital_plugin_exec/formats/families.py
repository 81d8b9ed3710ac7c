"""Metrics and series by what a program calls them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from orbital_sdk import Metric
from orbital_sdk.metric import DEVICE_ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orbital_sdk import Kind, Series

REMEMBERED: Final = 100_000
"""Metrics kept; a program that makes up new ones all the time starts it anew."""
_NOT_NAME: Final = re.compile(r"[^a-zA-Z0-9_:]")
_NOT_LABEL: Final = re.compile(r"[^a-zA-Z0-9_]")


class Families:
    """The metrics of one plugin instance. Safe from several threads.

    Args:
        declared: Say kind, unit and help of metrics by name; their labels are those that come.
    """

    def __init__(self, declared: Iterable[Metric] = ()) -> None:
        self._declared = {metric.name: metric for metric in declared}
        self._known: dict[tuple[str, Kind, tuple[str, ...]], Metric] = {}

    @property
    def all(self) -> tuple[Metric, ...]:
        """Those seen so far: a program does not say beforehand what it will print."""
        return tuple(self._known.values())

    def series(
        self,
        name: str,
        labels: Mapping[str, str],
        kind: Kind = "gauge",
        *,
        help: str = "",  # noqa: A002 (as in Metric)
        unit: str = "",
    ) -> Series:
        """The series of this name and these labels, both made valid.

        Raises:
            ValueError, TypeError: They cannot be.
        """
        own = {label_name(key): labels[key] for key in sorted(labels)}
        plain = metric_name(name)
        if declared := self._declared.get(plain):
            kind, help, unit = declared.kind, declared.help, declared.unit  # noqa: A001 (as above)
        key = plain, kind, tuple(own)
        metric = self._known.get(key)
        if metric is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            made = Metric(plain, help, kind=kind, unit=unit, labels=key[2])
            metric = self._known.setdefault(key, made)
        return metric.series(*own.values())


def metric_name(name: str) -> str:
    """With `_` in place of what a metric's name may not have, as Telegraf writes it for Prometheus."""
    plain = _NOT_NAME.sub("_", name)
    return f"_{plain}" if plain[:1].isdigit() else plain


def label_name(name: str) -> str:
    """Likewise; names that are the agent's or a destination's get `exported_` in front."""
    plain = _NOT_LABEL.sub("_", name)
    if plain == DEVICE_ID or plain.startswith("__"):
        return f"exported_{plain.lstrip('_')}"
    return f"_{plain}" if plain[:1].isdigit() else plain


def kind_of(name: str) -> Kind:
    """Where the format does not say it: by Prometheus' convention."""
    return "counter" if name.endswith("_total") else "gauge"
