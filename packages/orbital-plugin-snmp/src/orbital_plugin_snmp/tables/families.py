"""The metrics that a profile's values become, each made once for a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_sdk import Kind, Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_plugin_snmp.profiles.models import Extract, Value


class Families:
    """Metrics by name, kind and labels: two profiles that say the same share one."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Kind, tuple[str, ...]], Metric] = {}

    @property
    def all(self) -> tuple[Metric, ...]:
        return tuple(self._known.values())

    def of(self, value: Value, labels: Sequence[str]) -> Metric:
        """The metric of a value in a table with these labels."""
        kind: Kind = "counter" if value.type == "counter" else "gauge"
        name = value.name + ("_info" if value.type == "EnumAsInfo" else "")
        own = labels if value.type in PLAIN else (*labels, value.name)
        return self._find(name, kind, tuple(dict.fromkeys(own)), value)

    def extracted(self, value: Value, extract: Extract, labels: Sequence[str]) -> Metric:
        """The metric of a number that is taken out of a text."""
        return self._find(value.name + extract.suffix, "gauge", tuple(labels), value)

    def _find(self, name: str, kind: Kind, labels: tuple[str, ...], value: Value) -> Metric:
        found = self._known.get((name, kind, labels))
        if found is None:
            about = value.help or f"{value.name} ({value.oid})"
            found = Metric(name, about, kind=kind, unit=value.unit, labels=labels)
            self._known[name, kind, labels] = found
        return found


PLAIN: Final = frozenset(
    {"gauge", "counter", "Float", "Double", "DateAndTime", "ParseDateAndTime", "NTPTimeStamp"}
)
"""Kinds that add no label of their own."""
