"""What Core is told of every run of its tasks, in the order of each task, until it has heard it."""

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
"""Reports that are under way at once; those of one task share a lane."""
MOST: Final = 100_000
"""Reports that wait in memory. The oldest go first, and are counted."""


class Reports:
    """Reports on their way.

    Args:
        line: To Core.
        on_send: Told of each report before it goes out: Core makes the task's next time of it.
        most: Reports that wait.
    """

    def __init__(
        self, line: Line, on_send: Callable[[str, int], None], *, most: int = MOST
    ) -> None:
        self.address = line.address
        self.tally = Tally()
        self.missing = Missing(self._add_first, self._drop_gone)
        """Those of tasks that Core says it does not have."""
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
        """Go on with the counts of another one, and with what it did not get rid of, in its order. Another
        Core knows nothing of those tasks: then that is dropped.
        """
        self.tally.inherit(older.tally)
        if not same_core and older.waiting:
            log.warning(
                "%d reports never got to %s, and go nowhere now", older.waiting, older.address
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
        """Send this one when its turn comes."""
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
                "%d reports wait for Core, and there is no room for more: the oldest are dropped",
                self._most,
            )

    def _look_for_room(self) -> None:
        if self._full and self.waiting < self._most // 2:
            self._full = False
            log.warning(
                "there is room for reports again; %d were dropped so far", self.tally.dropped
            )

    async def run(self) -> None:
        """Send them, until cancelled."""
        await asyncio.gather(*(lane.run() for lane in self._lanes))

    def abandon(self) -> None:
        """Wait for no answer any more: nothing is under way from now on."""
        for lane in self._lanes:
            lane.abandon()

    async def flush(self) -> None:
        """Send what waits, once; what fails stays, and holds up its own lane alone.

        Raises:
            CoreError: What one of them met.
        """
        ends = await asyncio.gather(*(lane.drain() for lane in self._lanes), return_exceptions=True)
        for error in filter(None, ends):
            raise error


def _age(place: Lane | Missing) -> int:
    oldest = place.oldest
    return 0 if oldest is None else oldest.executed_ms
