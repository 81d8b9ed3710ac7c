"""An instance of a plugin, as its processes are told of it: again each time one is started."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from orbital_sdk import wire

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orbital_sdk import PluginHost
    from orbital_sdk.wire import answers

_numbers: Final = itertools.count(1)


@dataclass(slots=True, eq=False)
class Instance:
    """One plugin class with one set of settings."""

    name: str
    """Of the plugin."""
    config: Mapping[str, Any] = field(repr=False)
    """Settings as a user wrote them, secrets in plain text."""
    host: PluginHost
    """Takes its own metrics and its lines for the log."""
    folder: Path | None
    number: int = field(default_factory=lambda: next(_numbers))


class OwnMetrics:
    """The own metrics that the instances in one process told, as far as the agent has been told of them.

    What a gauge said goes with its process; what a counter counted stays, and the next process counts from 0.
    """

    def __init__(self) -> None:
        self._counted: dict[tuple[int, str, tuple[str, ...]], float] = {}
        self._gauges: dict[tuple[int, str, tuple[str, ...]], tuple[Any, float]] = {}

    def take(self, instance: Instance, told: answers.Counts) -> None:
        """Hand on what changed.

        Raises:
            Malformed: No metric is called so, or it is another one already.
        """
        try:
            for family in told.families:
                self._family(instance, family)
        except ValueError as error:
            raise wire.Malformed(f"own metrics: {error}") from error

    def end(self) -> None:
        """The process is gone."""
        for (_, _, labels), (gauge, value) in self._gauges.items():
            gauge.add(-value, *labels)
        self._gauges.clear()
        self._counted.clear()

    def _family(self, instance: Instance, family: answers.Family) -> None:
        make = instance.host.counter if family.kind == "counter" else instance.host.gauge
        metric = make(family.name, family.help, family.labels)
        for labels, value in family.values:
            key = instance.number, family.name, labels
            if family.kind == "counter":
                metric.add(value - self._counted.get(key, 0.0), *labels)
                self._counted[key] = value
            else:
                before = self._gauges.get(key, (metric, 0.0))[1]
                metric.add(value - before, *labels)
                self._gauges[key] = metric, value
