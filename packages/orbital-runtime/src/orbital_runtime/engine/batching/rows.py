"""The rows of one task: labels are merged and checked once for each series."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from orbital_cardinality import REASONS, Account, Budget
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
"""Rows that are cached at least, before unused ones are dropped."""


class Rows:
    """Series -> its row, or the reason why it is refused.

    A cache of two generations: when the young one is full it becomes the old one, and entries in use move
    back. So rows of the last two collections are kept, however many series come and go.

    Args:
        origin: Where the samples come from.
        labels: Labels of the task; a metric's own take precedence, and the device's id over all.
        limits: Of labels and series.
        budget: The series of all tasks.
        processed: Whether there are processors; then `admit` checks the rows that leave them.
    """

    def __init__(
        self,
        origin: Origin,
        labels: Mapping[str, str],
        limits: RunLimits,
        budget: Budget | None = None,
        *,
        processed: bool,
    ) -> None:
        self._origin = origin
        self._labels = dict(labels)
        self._limits = limits
        self._processed = processed
        self.account = Account(
            budget or Budget(),
            task=origin.task,
            device=origin.device_id,
            most=limits.series,
            rows=self._known,
        )
        """The task's series."""
        self._young: dict[Series, Row | str] = {}
        self._old: dict[Series, Row | str] = {}
        self.cut = 0
        """Labels of new series that were truncated; reset by whoever counts them."""
        self.too_many = ""
        """Error message if there are too many series in this hour; else empty."""
        self._logged: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    @property
    def series(self) -> int:
        """Different series within this hour, without the report."""
        return self.account.count

    def turn(self, ts: int) -> bool:
        """Whether rows have to be found anew at this time (milliseconds UTC): a new hour begins, or there is
        room for what was refused.
        """
        if not self.account.turn(ts):
            return False
        self._young, self._old, self.too_many = {}, {}, ""
        return True

    def inherit(self, other: Rows) -> None:
        """Continue the hour of another one, which is replaced."""
        self.account.inherit(other.account)

    def make_room(self, series: int) -> None:
        """Before a collection of so many series: drop the old generation if the young one is full."""
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

    def log_once(self, reason: str, message: str, *, what: str = "refused") -> None:
        """Log the first refusal of a kind."""
        if reason not in self._logged:
            self._logged |= {reason}
            log.warning(
                "%s (%s): %s; further ones are only counted",
                what,
                reason,
                message,
                extra={"task": self._origin.task, "device": self._origin.device_id},
            )

    def _make(self, series: Series) -> Row | str:
        if not isinstance(series, Series):  # pyright: ignore[reportUnnecessaryIsInstance] (a plugin made it)
            self.log_once("not_a_sample", f"{type(series).__name__} stands where a Series should")
            return "not_a_sample"
        metric = series.metric
        labels = self._labels | dict(zip(metric.labels, series.values, strict=True))
        if not (metric.honor_labels and labels.get(DEVICE_ID)):
            labels[DEVICE_ID] = self._origin.device_id
        row = Row(metric.name, labels, metric.kind, metric.unit, honor_labels=metric.honor_labels)
        return row if self._processed else self.admit(row, report=metric in METRICS)

    def admit(self, row: Row, *, report: bool) -> Row | str:
        """The row as it goes to the buffer, or why it is refused.

        Args:
            row: Made by a plugin or a processor.
            report: Whether it belongs to the run's report.
        """
        fitting = self._fitting(row)
        if report or isinstance(fitting, str):
            return fitting
        return self._admitted(fitting)

    def _fitting(self, row: Row) -> Row | str:
        """The row with labels of valid length and encoding: longer ones are truncated."""
        most = self._limits.label_bytes
        try:
            labels = {name: cut(value, most) for name, value in row.labels}
        except UnicodeEncodeError:
            self.log_once("bad_label", f"a label of {row!r} is not text that UTF-8 can carry")
            return "bad_label"
        long = [name for name, value in row.labels if labels[name] is not value]
        if not long:
            return row
        self.cut += len(long)
        self.log_once(
            "label_too_long",
            f"label {long[0]!r} of {row.name} has more than {most} bytes (collector.limits.label_bytes)",
            what="cut",
        )
        return row.replace(labels=labels)

    def _admitted(self, row: Row) -> Row | str:
        scope = self.account.admit(row)
        if scope is None:
            return row
        if not self.too_many:
            self.too_many = self.account.explain(scope, row)
            if scope == "task":
                self.too_many += f": what grows is {growing(row, self._known())}"
        return REASONS[scope]

    def _known(self) -> list[Row]:
        """The rows of the last two collections."""
        found = (*self._old.values(), *self._young.values())
        return [row for row in found if isinstance(row, Row)]


def growing(row: Row, others: Iterable[Row]) -> str:
    """Describes why the number of series grows: the label whose value no other row of the metric has.

    If that holds for several labels, or for none, the one with the most values.
    """
    alike = [other for other in others if other.name == row.name]
    if not alike or not row.labels:
        return f"the number of metrics, such as {row.name}"
    values: dict[str, set[str]] = {name: set() for name, _ in row.labels}
    for other in alike:
        for name, value in other.labels:
            values.setdefault(name, set()).add(value)
    ranks = {name: (value not in values[name], len(values[name])) for name, value in row.labels}
    return f"the label {max(ranks, key=ranks.__getitem__)!r} of {row.name}"
