"""Which label makes the series of a task more: its values then and now."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_cardinality.values import Values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_sdk import Row

METRICS: Final = 100
"""Metrics of a task whose labels are watched; there is one line to say, and the memory is bounded."""
NAMES: Final = "__name__"
"""The label that stands for the metric's name, as in Prometheus."""


class Culprit(NamedTuple):
    """What grew most."""

    metric: str
    label: str
    """`__name__`: the number of metrics."""
    then: int
    """Different values when the watch began."""
    now: int
    since: int
    """Seconds UTC of the beginning."""

    def on(self, device: str) -> str:
        """In words."""
        at = time.strftime("%H:%M", time.localtime(self.since))
        what = f"label `{self.label}` of `{self.metric}`"
        if self.label == NAMES:
            what = f"the number of metrics such as `{self.metric}`"
        values = "" if self.label == NAMES else " values"
        return (
            f"{what} on device {device} grew from {self.then:,} to {self.now:,}{values} since {at}"
        )


class Growth:
    """The values of the labels of one task, since some moment of its hour.

    Args:
        since: Milliseconds UTC.
        rows: The series of that moment.
    """

    def __init__(self, since: int, rows: Iterable[Row]) -> None:
        self.series = 0
        """Series that came since."""
        self._since = since // 1000
        self._labels: dict[tuple[str, str], Values] = {}
        self._names = Values()
        for row in rows:
            self._see(row)
        self._then = {key: len(values) for key, values in self._labels.items()}
        self._names_then = len(self._names)
        self._latest = ""

    def add(self, row: Row) -> None:
        """A series that was not there before."""
        self.series += 1
        self._latest = row.name
        self._see(row)

    def culprit(self, metric: str = "") -> Culprit | None:
        """What grew most, of this metric or of all; None if nothing did."""
        found = [
            Culprit(name, label, self._then.get((name, label), 0), len(values), self._since)
            for (name, label), values in self._labels.items()
            if metric in ("", name)
        ]
        if not metric:
            names = len(self._names)
            found.append(Culprit(self._latest, NAMES, self._names_then, names, self._since))
        grown = max(found, key=_growth, default=None)
        return grown if grown and _growth(grown) > 0 else None

    def _see(self, row: Row) -> None:
        self._names.add(row.name)
        for label, value in row.labels:
            values = self._labels.get((row.name, label))
            if values is None:
                if len(self._labels) >= METRICS * 10:
                    continue
                values = self._labels[row.name, label] = Values()
            values.add(value)


def _growth(one: Culprit) -> int:
    return one.now - one.then
