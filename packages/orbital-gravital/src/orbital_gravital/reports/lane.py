"""A queue of reports of some tasks, sent in order. A failing report blocks the others until it is clear
whether the report or Core is at fault.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from orbital_gravital.errors import (
    CoreError,
    CorePanicked,
    CoreRefused,
    CoreTooLarge,
    NotThere,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_gravital.identity.line import Line
    from orbital_gravital.reports.missing import Missing
    from orbital_gravital.reports.report import Report
    from orbital_gravital.reports.tally import Tally

log = logging.getLogger("orbital.core")

PANICS: Final = 5
"""Consecutive internal errors of Core on reports of a task, after which the report itself is suspected."""


@dataclass(slots=True)
class _Suspect:
    sent: int
    """Number of accepted reports when Core first failed on this task, or when a report was last given up."""
    panics: int = 0
    logged: bool = False


class Lane:
    """A queue of reports and its sender.

    Args:
        line: To Core.
        missing: Keeps reports of tasks that Core says it does not have.
        tally: Counts of all lanes.
        on_send: Called with each report before it is sent.
        on_sent: Called after each report that Core accepted.
    """

    def __init__(
        self,
        line: Line,
        missing: Missing,
        tally: Tally,
        *,
        on_send: Callable[[str, int], None],
        on_sent: Callable[[], None],
    ) -> None:
        self.queue: deque[Report] = deque()
        self._filled = asyncio.Event()
        self._line = line
        self._missing = missing
        self._tally = tally
        self._on_send = on_send
        self._on_sent = on_sent
        self._failures = 0
        self._busy = 0
        """Reports in flight at the head of the queue."""
        self._first: asyncio.Task[None] | None = None
        """Sends the first report; goes on if its waiter is cancelled."""
        self._refused: set[str] = set()
        """Tasks whose last report was refused."""
        self._suspects: dict[str, _Suspect] = {}

    @property
    def oldest(self) -> Report | None:
        """The first report that is not in flight."""
        return self.queue[self._busy] if len(self.queue) > self._busy else None

    def add(self, report: Report) -> None:
        self.queue.append(report)
        self._filled.set()

    def add_first(self, report: Report) -> None:
        """Put this report at the head of the queue."""
        self.queue.insert(self._busy, report)
        self._filled.set()

    def drop_oldest(self) -> None:
        self._missing.was_dropped(self.queue[self._busy])
        del self.queue[self._busy]

    def withdraw(self, task_id: str) -> int:
        """Remove the waiting reports of this task; returns how many."""
        before = len(self.queue)
        under_way = list(islice(self.queue, self._busy))
        rest = islice(self.queue, self._busy, None)
        self.queue = deque([*under_way, *(one for one in rest if one.task_id != task_id)])
        return before - len(self.queue)

    async def run(self) -> None:
        """Send reports until cancelled."""
        while True:
            await self._filled.wait()
            try:
                await self.drain()
            except CoreError as error:
                self._failures += 1
                self._tally.failed(self, error)
                await self._line.pause(self._failures, error)

    async def drain(self) -> None:
        """Send all waiting reports once.

        Raises:
            CoreError: The first report that failed.
        """
        while self.queue:
            await self._send_first()
            self._failures = 0
            self._tally.recovered(self)
        self._filled.clear()

    def abandon(self) -> None:
        """Stop waiting for an answer; the report stays in the queue."""
        if self._first is not None:
            self._first.cancel()
            self._first, self._busy = None, 0

    async def _send_first(self) -> None:
        """Send the first report until it is settled. A cancelled request could reach Core twice, so it goes
        on after a cancellation, and the next caller waits for it.
        """
        first = self._first
        if first is None:
            first = self._first = asyncio.create_task(self._settle(), name="report")
            first.add_done_callback(_retrieve)
        try:
            await asyncio.shield(first)
        finally:
            if first.done():
                self._first, self._busy = None, 0

    async def _settle(self, place: int = 0) -> None:
        """Send the report at this index and remove it from the queue."""
        report = self.queue[place]
        if self._missing.keeps(report):
            del self.queue[place]
            return
        self._busy = place + 1
        self._on_send(report.task_id, report.executed_ms)
        try:
            await self._send(report)
        except NotThere:
            self._suspects.pop(report.task_id, None)
            self._refused.discard(report.task_id)
            self._missing.missed(report)
        except CoreRefused as error:
            self._log_refusal(report, error)
            self._missing.found(report)
        except CorePanicked as error:
            if place or not await self._is_the_cause(report):
                raise
            self._give_up(report, error)
            self._missing.found(report)
        else:
            self._tally.sent += 1
            self._on_sent()
            self._accepted(report.task_id)
            self._missing.found(report)
        del self.queue[place]

    async def _send(self, report: Report) -> None:
        path = f"/sentinel-tasks/{quote(report.task_id, safe='')}/report"
        try:
            await self._line.call("POST", path, report.body)
        except CoreTooLarge:
            shorter = report.shorter()
            if shorter is None:
                raise
            await self._send(shorter)

    async def _is_the_cause(self, report: Report) -> bool:
        """Whether Core fails on this report and accepts others: of any lane, or the next of this one."""
        tally = self._tally
        suspect = self._suspects.setdefault(report.task_id, _Suspect(tally.sent))
        suspect.panics += 1
        if suspect.panics < PANICS:
            return False
        if tally.sent == suspect.sent and len(self.queue) > 1:
            await self._settle(1)
            self._busy = 1
        if tally.sent == suspect.sent:
            return False
        self._suspects[report.task_id] = suspect
        return True

    def _log_refusal(self, report: Report, error: CoreRefused) -> None:
        self._tally.refused += 1
        level = logging.DEBUG if report.task_id in self._refused else logging.WARNING
        self._refused.add(report.task_id)
        log.log(level, "Core refuses reports of task %s: %s", report.task_id, error)

    def _accepted(self, task_id: str) -> None:
        """A report of this task was accepted. A task once found at fault needs no second series of failures,
        as in the sender's `Repeats`.
        """
        self._refused.discard(task_id)
        suspect = self._suspects.get(task_id)
        if suspect is not None and not suspect.logged:
            del self._suspects[task_id]

    def _give_up(self, report: Report, error: CorePanicked) -> None:
        self._tally.given_up += 1
        suspect = self._suspects[report.task_id]
        level = logging.DEBUG if suspect.logged else logging.ERROR
        suspect.logged, suspect.sent = True, self._tally.sent
        log.log(
            level, "a report of task %s is dropped: Core fails on it, and on no other (%s)",
            report.task_id, error,
        )  # fmt: skip


def _retrieve(done: asyncio.Task[None]) -> None:
    """Retrieve the task's exception, which possibly nobody else does."""
    if not done.cancelled():
        done.exception()
