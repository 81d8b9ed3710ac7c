"""How a tuple of series becomes a batch: worked out once, used for every collection that gives the same."""

from __future__ import annotations

from collections import Counter
from itertools import compress
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from orbital_runtime.engine.report import METRICS
from orbital_runtime.processor.calling import Failed
from orbital_sdk import Layout, Row, Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orbital_runtime.engine.rows import Rows
    from orbital_runtime.processor.chain import Chain
    from orbital_runtime.processor.course import Course
    from orbital_runtime.processor.way import Admit
    from orbital_sdk import Origin

T = TypeVar("T")

PLANS: Final = 8
"""Plans that a task keeps at most: those used last."""
SMALL: Final = 256
"""Rows that they may have together, in any case. More than that: twice as many as the largest of them."""


class Plan(NamedTuple):
    """Which samples of a collection make a batch, and its way through the processors."""

    layout: Layout
    """Of the batch that enters the chain."""
    keep: tuple[bool, ...] | None
    """Which positions have a row; None = all."""
    refused: Mapping[str, int]
    """Why the others have none."""
    course: Course | None
    """None where a processor failed to plan."""
    failed: str
    """Its name."""
    left: tuple[Row, ...]
    """The rows that leave the chain, where every one has a value."""
    reports: int
    """How many of these are the task's own report: the first ones."""
    unchanged: bool
    """A batch leaves the chain as it entered it."""

    @property
    def samples(self) -> int:
        """How many of these are not the report's: the last ones."""
        return len(self.left) - self.reports

    def kept(self, items: Iterable[T]) -> Iterable[T]:
        """What of these stands in the layout, in its order."""
        return items if self.keep is None else compress(items, self.keep)


class Plans:
    """The plans of one task.

    Args:
        origin: Where its samples come from.
        rows: Its rows.
        chain: The processors.
    """

    def __init__(self, origin: Origin, rows: Rows, chain: Chain) -> None:
        self._origin = origin
        self._rows = rows
        self._chain = chain
        self._report = report_of(origin)
        self._plans: dict[tuple[Series, ...], Plan] = {}
        self._latest: Plan | None = None
        self._before: Plan | None = None
        """Kept until another is made: what processors remember of its series hangs on it."""

    def __len__(self) -> int:
        return len(self._plans)

    def find(self, series: tuple[Series, ...]) -> Plan:
        """The plan for these series in this order."""
        plan = self._plans.get(series)
        if plan is None or plan is not self._latest:
            plan = self._plans.pop(series, None) or self._make(series)
            if plan.course is None:
                return plan  # to be tried again
            self._latest, self._before = plan, None
            self._plans[series] = plan  # what was used last stands last
            self._forget()
        return plan

    def clear(self) -> None:
        """Begin again with new layouts."""
        self._before = self._latest or self._before
        self._plans.clear()
        self._latest = None

    def inherit(self, other: Plans) -> None:
        """Keep another's last plan until the first of these is made."""
        self._before = other._latest or other._before

    def _forget(self) -> None:
        """Let go of what was used longest ago, where there is too much."""
        sizes = [*map(len, self._plans)]
        rows, room = sum(sizes), max(SMALL, 2 * max(sizes))
        for series, size in zip([*self._plans], sizes, strict=True):
            if len(self._plans) <= PLANS and rows <= room:
                return
            del self._plans[series]
            rows -= size

    def _make(self, series: tuple[Series, ...]) -> Plan:
        self._rows.make_room(max([len(series), *map(len, self._plans)]))
        rows: dict[object, Row] = {}
        keep: list[bool] = []
        refused: Counter[str] = Counter()
        reports: set[int] = set()
        for one in series:
            row = self._rows.find(one)
            reason = self._unwanted(row, rows) if isinstance(row, Row) else row
            keep.append(reason is None)
            if reason is None and one in self._report:
                reports.add(len(rows) - 1)
            elif reason is not None and one not in self._report:
                refused[reason] += 1
        layout = Layout(self._origin, list(rows.values()))
        kept = None if all(keep) else tuple(keep)
        try:
            course = self._chain.plan(layout, self._admission(reports))
        except Failed as failed:
            return Plan(layout, kept, refused, None, failed.name, (), 0, False)
        end = course.end
        own = sum([source in reports for source in end.sources])
        unchanged = bool(rows) and end is course and end.layout is layout
        return Plan(layout, kept, refused, course, "", end.layout.rows, own, unchanged)

    def _admission(self, reports: set[int]) -> Admit | None:
        """Without processors the rows were admitted as they were found."""
        if not self._chain:
            return None
        admit = self._rows.admit  # not `self`: a plan that goes takes what it holds along at once
        return lambda row, source: admit(row, report=source in reports)

    def _unwanted(self, row: Row, rows: dict[object, Row]) -> str | None:
        """Why this row cannot join the others; None when it did."""
        key = row.key
        if key in rows:
            self._rows.tell("duplicate", f"{row!r} stands twice in one collection")
            return "duplicate"
        rows[key] = row
        return None


def report_of(origin: Origin) -> tuple[Series, ...]:
    """The series of a task's report."""
    return tuple(metric.series(origin.task) for metric in METRICS)
