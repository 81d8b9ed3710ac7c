"""Reports every run of Core's tasks to Core, in order for each task, with retries."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from orbital_gravital.reports.lane import Lane
from orbital_gravital.reports.missing import Missing
from orbital_gravital.reports.tally import Tally
from orbital_runtime.scheduler.timetable.phase import stable_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_gravital.identity.line import Line
    from orbital_gravital.reports.report import Report

log = logging.getLogger("orbital.core")

LANES: Final = 4
"""Reports in flight at once; those of one task share a lane."""
MOST: Final = 100_000
"""Maximum of reports waiting in memory. Beyond it the oldest are dropped and counted."""


class Reports:
    """The queue of reports.

    Args:
        line: To Core.
        on_send: Called with each report before it is sent: Core computes the task's next time from it.
        most: Maximum of waiting reports.
    """

    def __init__(
        self, line: Line, on_send: Callable[[str, int], None], *, most: int = MOST
    ) -> None:
        self.address = line.address
        self.tally = Tally()
        self.missing = Missing(self._add_first, self._drop_gone)
        """Reports of tasks that Core says it does not have."""
        self._most = most
        self._full = False
        self._lanes = [
            Lane(line, self.missing, self.tally, on_send=on_send, on_sent=self._look_for_room)
            for _ in range(LANES)
        ]

    @property
    def waiting(self) -> int:
        return sum(len(lane.queue) for lane in self._lanes) + len(self.missing)

    def inherit(self, older: Reports, *, same_core: bool) -> None:
        """Continue with the counts and the unsent reports of another instance, in order. If the Core is a
        different one, which does not know those tasks, the reports are dropped.
        """
        self.tally.inherit(older.tally)
        if not same_core and older.waiting:
            log.warning(
                "%d reports were never sent to %s, and are dropped", older.waiting, older.address
            )
            self.tally.dropped += older.waiting
            return
        left = [*older.missing.take_all()]
        for lane in older._lanes:
            left += lane.queue
            lane.queue.clear()
        for report in sorted(left, key=lambda one: one.executed_ms):
            self.add(report)

    def add(self, report: Report) -> None:
        """Append this report to the queue."""
        if self.waiting >= self._most:
            self._drop_oldest()
        self._lane(report.task_id).add(report)

    def _lane(self, task_id: str) -> Lane:
        return self._lanes[stable_hash(task_id) % LANES]

    def _add_first(self, reports: Sequence[Report]) -> None:
        for report in reversed(reports):
            self._lane(report.task_id).add_first(report)

    def _drop_gone(self, task_id: str, kept: int) -> int:
        count = kept + self._lane(task_id).withdraw(task_id)
        self.tally.refused += count
        return count

    def _drop_oldest(self) -> None:
        places = (one for one in (*self._lanes, self.missing) if one.oldest is not None)
        place = min(places, key=_age, default=None)
        if place is None:
            return
        place.drop_oldest()
        self.tally.dropped += 1
        if not self._full:
            self._full = True
            log.error(
                "%d reports wait for Core, and the queue is full: the oldest are dropped",
                self._most,
            )

    def _look_for_room(self) -> None:
        if self._full and self.waiting < self._most // 2:
            self._full = False
            log.warning(
                "the queue of reports has room again; %d were dropped so far", self.tally.dropped
            )

    async def run(self) -> None:
        """Send reports until cancelled."""
        await asyncio.gather(*(lane.run() for lane in self._lanes))

    def abandon(self) -> None:
        """Stop waiting for answers: nothing is in flight afterwards."""
        for lane in self._lanes:
            lane.abandon()

    async def flush(self) -> None:
        """Send what waits, once. What fails stays in the queue and blocks only its own lane.

        Raises:
            CoreError: One of the reports failed.
        """
        ends = await asyncio.gather(*(lane.drain() for lane in self._lanes), return_exceptions=True)
        for error in filter(None, ends):
            raise error


def _age(place: Lane | Missing) -> int:
    oldest = place.oldest
    return 0 if oldest is None else oldest.executed_ms
