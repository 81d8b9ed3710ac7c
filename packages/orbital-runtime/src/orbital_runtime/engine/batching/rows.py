"""The rows of one task: each series is named, labelled and checked once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from orbital_runtime.engine.batching.series_limit import SeriesLimit
from orbital_runtime.engine.report import METRICS
from orbital_sdk import Row, Series
from orbital_sdk.metric import DEVICE_ID
from orbital_sdk.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orbital_runtime.engine.run_limits import RunLimits
    from orbital_sdk import Origin

log = logging.getLogger("orbital.engine")

LEAST: Final = 64
"""Rows that are remembered at least before the unused ones are forgotten."""


class Rows:
    """Series -> its row, or the reason why it has none.

    Two dictionaries make a cache that needs no sweep: the full one becomes the
    older generation, and what is still in use moves back into the younger. So a task whose series come
    and go keeps what its last two collections had, however long it runs.

    Args:
        origin: Where the samples come from.
        labels: The task's; a metric's own win over them, and the device's id wins over all.
        limits: What is refused.
        processed: Whether processors come next: then `admit` is asked about what they make of the rows.
    """

    def __init__(
        self, origin: Origin, labels: Mapping[str, str], limits: RunLimits, *, processed: bool
    ) -> None:
        self._origin = origin
        self._labels = dict(labels)
        self._limits = limits
        self._processed = processed
        self._hour = SeriesLimit(limits.series)
        self._young: dict[Series, Row | str] = {}
        self._old: dict[Series, Row | str] = {}
        self.cut = 0
        """Labels of new series that were cut; whoever counts them begins again at 0."""
        self.too_many = ""
        """Of what there are too many series in this hour, in words; empty if there are not."""
        self._told: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    @property
    def series(self) -> int:
        """Different series within this hour, the report left out."""
        return self._hour.count

    def turn(self, ts: int) -> bool:
        """Whether a new hour begins at this time, in milliseconds UTC: every series begins anew."""
        if not self._hour.turn(ts):
            return False
        self._young, self._old, self.too_many = {}, {}, ""
        return True

    def inherit(self, other: Rows) -> None:
        """Go on with another's hour."""
        self._hour.inherit(other._hour)

    def make_room(self, series: int) -> None:
        """A collection of so many series comes: forget what was long unused, if it is time."""
        if len(self._young) >= max(LEAST, series):
            self._young, self._old = {}, self._young

    def find(self, series: Series) -> Row | str:
        """The row of this series, or why it is refused."""
        row = self._young.get(series)
        if row is None:
            row = self._old.get(series)
            if row is None:
                row = self._make(series)
            self._young[series] = row
        return row

    def tell(self, reason: str, message: str, *, what: str = "refused") -> None:
        """Log the first refusal of a kind."""
        if reason not in self._told:
            self._told |= {reason}
            log.warning(
                "%s (%s): %s; more of it is only counted",
                what,
                reason,
                message,
                extra={"task": self._origin.task, "device": self._origin.device_id},
            )

    def _make(self, series: Series) -> Row | str:
        if not isinstance(series, Series):  # pyright: ignore[reportUnnecessaryIsInstance] (a plugin made it)
            self.tell("not_a_sample", f"{type(series).__name__} stands where a Series should")
            return "not_a_sample"
        metric = series.metric
        labels = self._labels | dict(zip(metric.labels, series.values, strict=True))
        if not (metric.honor_labels and labels.get(DEVICE_ID)):
            labels[DEVICE_ID] = self._origin.device_id
        row = Row(metric.name, labels, metric.kind, metric.unit, honor_labels=metric.honor_labels)
        return row if self._processed else self.admit(row, report=metric in METRICS)

    def admit(self, row: Row, *, report: bool) -> Row | str:
        """The row as destinations get it, or why it is refused.

        Args:
            row: Of a plugin, or of processors.
            report: It is the task's own.
        """
        fitting = self._fitting(row)
        if report or isinstance(fitting, str):
            return fitting
        return self._admitted(fitting)

    def _fitting(self, row: Row) -> Row | str:
        """The row with labels that destinations can carry: what is too long is cut."""
        most = self._limits.label_bytes
        try:
            labels = {name: cut(value, most) for name, value in row.labels}
        except UnicodeEncodeError:
            self.tell("bad_label", f"a label of {row!r} is not text that UTF-8 can carry")
            return "bad_label"
        long = [name for name, value in row.labels if labels[name] is not value]
        if not long:
            return row
        self.cut += len(long)
        self.tell(
            "label_too_long",
            f"label {long[0]!r} of {row.name} has more than {most} bytes (collector.limits.label_bytes)",
            what="cut",
        )
        return row.replace(labels=labels)

    def _admitted(self, row: Row) -> Row | str:
        if self._hour.admit(row.key):
            return row
        if not self.too_many:
            grows = growing(row, [*self._old.values(), *self._young.values()])
            self.too_many = (
                f"the task gave more than {self._limits.series} different series within an hour"
                f" (collector.limits.series_per_task): what grows is {grows}"
            )
        return "series_limit"


def growing(row: Row, others: Iterable[Row | str]) -> str:
    """What makes this row a new series, in words: the label whose value no other row of the metric has.

    Where that is so of several labels, or of none, the one with the most values.
    """
    alike = [other for other in others if isinstance(other, Row) and other.name == row.name]
    if not alike or not row.labels:
        return f"the number of metrics, such as {row.name}"
    values: dict[str, set[str]] = {name: set() for name, _ in row.labels}
    for other in alike:
        for name, value in other.labels:
            values.setdefault(name, set()).add(value)
    ranks = {name: (value not in values[name], len(values[name])) for name, value in row.labels}
    return f"the label {max(ranks, key=ranks.__getitem__)!r} of {row.name}"
