"""A cache of a task's batch plans: one for each tuple of series that its collections have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_runtime.engine.batching.planner import BatchPlan, BatchPlanner

if TYPE_CHECKING:
    from orbital_runtime.engine.batching.rows import Rows
    from orbital_runtime.processor.chain import Chain
    from orbital_sdk import Origin, Series

PLANS: Final = 8
"""Plans kept for a task at most; the least recently used are dropped."""
SMALL: Final = 256
"""Rows of all plans that are always allowed; beyond that, twice the rows of the largest plan."""


class PlanCache:
    """The plans of one task.

    Args:
        origin: Where its samples come from.
        rows: Its rows.
        chain: The processors.
    """

    def __init__(self, origin: Origin, rows: Rows, chain: Chain) -> None:
        self._rows = rows
        self._planner = BatchPlanner(origin, rows, chain)
        self._plans: dict[tuple[Series, ...], BatchPlan] = {}
        self._latest: BatchPlan | None = None
        self._before: BatchPlan | None = None
        """Kept until a new one is made, because the state of processors for its series is tied to it."""

    def __len__(self) -> int:
        return len(self._plans)

    def find(self, series: tuple[Series, ...]) -> BatchPlan:
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
        """Drop all plans, so that new layouts are made."""
        self._before = self._latest or self._before
        self._plans.clear()
        self._latest = None

    def inherit(self, other: PlanCache) -> None:
        """Keep the last plan of another cache until the first plan of this one is made."""
        self._before = other._latest or other._before

    def _forget(self) -> None:
        """Drop the least recently used plans above the limits."""
        sizes = [*map(len, self._plans)]
        rows, room = sum(sizes), max(SMALL, 2 * max(sizes))
        for series, size in zip([*self._plans], sizes, strict=True):
            if len(self._plans) <= PLANS and rows <= room:
                return
            del self._plans[series]
            rows -= size

    def _make(self, series: tuple[Series, ...]) -> BatchPlan:
        self._rows.make_room(max([len(series), *map(len, self._plans)]))
        return self._planner.make(series)
