"""How a tuple of series becomes a batch: worked out once, used for every collection that gives the same."""

from __future__ import annotations

from collections import Counter
from itertools import compress
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from orbital_runtime.engine.report import METRICS
from orbital_sdk import Layout, Row, Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orbital_runtime.engine.rows import Rows
    from orbital_sdk import Origin

T = TypeVar("T")

PLANS: Final = 8
"""Plans that a task keeps at most: those used last."""
SMALL: Final = 256
"""Rows that they may have together, in any case. More than that: twice as many as the largest of them."""


class Plan(NamedTuple):
    """The layout of a collection, and which of its samples are in it."""

    layout: Layout
    keep: tuple[bool, ...] | None
    """Which positions have a row; None = all."""
    refused: Mapping[str, int]
    """Why the others have none."""
    samples: int
    """Samples of the plugin that are in it: the last ones."""

    def kept(self, items: Iterable[T]) -> Iterable[T]:
        """What of these stands in the layout, in its order."""
        return items if self.keep is None else compress(items, self.keep)


class Plans:
    """The plans of one task.

    Args:
        origin: Where its samples come from.
        rows: Its rows.
    """

    def __init__(self, origin: Origin, rows: Rows) -> None:
        self._origin = origin
        self._rows = rows
        self._report = report_of(origin)
        self._plans: dict[tuple[Series, ...], Plan] = {}
        self._latest: Plan | None = None

    def __len__(self) -> int:
        return len(self._plans)

    def find(self, series: tuple[Series, ...]) -> Plan:
        """The plan for these series in this order."""
        plan = self._plans.get(series)
        if plan is None or plan is not self._latest:
            self._latest = plan = self._plans.pop(series, None) or self._make(series)
            self._plans[series] = plan  # what was used last stands last
            self._forget()
        return plan

    def clear(self) -> None:
        """Begin again with new layouts."""
        self._plans.clear()
        self._latest = None

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
        for one in series:
            row = self._rows.find(one)
            reason = self._unwanted(row, rows) if isinstance(row, Row) else row
            keep.append(reason is None)
            if reason is not None and one not in self._report:
                refused[reason] += 1
        layout = Layout(self._origin, list(rows.values()))
        head = zip(series[: len(self._report)], keep, strict=False)
        reported = sum(kept for one, kept in head if one in self._report)
        return Plan(layout, None if all(keep) else tuple(keep), refused, len(rows) - reported)

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
