"""What Core is told of every run of its tasks, in the order of each task, until it has heard it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from orbital_runtime.core.errors import CoreError, CoreRefused, NotThere
from orbital_runtime.scheduler.phase import stable_hash
from orbital_runtime.scheduler.task import Run, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_runtime.core.line import Line

log = logging.getLogger("orbital.core")

LANES: Final = 4
"""Reports that are under way at once; those of one task share a lane."""
MOST: Final = 100_000
"""Reports that wait in memory. The oldest go first, and are counted."""
LONGEST: Final = 4000
"""Characters of an error message."""
INT32: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Report:
    """One run, as Core's route wants it."""

    task_id: str
    executed_ms: int
    """Milliseconds UTC."""
    body: dict[str, Any]


def report_of(task_id: str, run: Run) -> Report:
    """The report of a run: integers as integers, UTC with Z, no NUL."""
    failed = "timeout" if run.error_kind == "Timeout" else "failed"
    body = {
        "status": "success" if run.status is Status.SUCCESS else failed,
        "metrics_collected": min(run.samples, INT32),
        "error_message": run.error.replace("\x00", "")[:LONGEST] or None,
        "execution_time_ms": min(round(run.duration * 1000), INT32),
        "executed_at": utc(run.started_ms),
    }
    return Report(task_id, run.started_ms, body)


def unusable(task_id: str, reason: str, now_ms: int) -> Report:
    """The report of a task that cannot run at all."""
    body = {
        "status": "failed",
        "metrics_collected": 0,
        "error_message": reason.replace("\x00", "")[:LONGEST],
        "execution_time_ms": 0,
        "executed_at": utc(now_ms),
    }
    return Report(task_id, now_ms, body)


def utc(ms: int) -> str:
    """RFC 3339 with milliseconds and Z."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Reports:
    """Reports on their way.

    Args:
        line: To Core.
        on_send: Told of each report before it goes out: Core makes the task's next time of it.
    """

    def __init__(self, line: Line, on_send: Callable[[str, int], None]) -> None:
        self._line = line
        self.on_send = on_send
        self._lanes = [_Lane(line, self) for _ in range(LANES)]
        self.sent = 0
        self.refused = 0
        """By Core, for good."""
        self.dropped = 0
        """There was no room for them."""

    @property
    def waiting(self) -> int:
        return sum(len(lane.queue) for lane in self._lanes)

    def inherit(self, older: Reports) -> None:
        """Take over what another one did not get rid of, in its order, and its counts."""
        for lane in older._lanes:
            while lane.queue:
                self.add(lane.queue.popleft())
        self.sent += older.sent
        self.refused += older.refused
        self.dropped += older.dropped

    def add(self, report: Report) -> None:
        lane = self._lanes[stable_hash(report.task_id) % LANES]
        if len(lane.queue) >= MOST // LANES:
            lane.queue.popleft()
            self.dropped += 1
        lane.queue.append(report)
        lane.filled.set()

    async def run(self) -> None:
        """Send them, until cancelled."""
        await asyncio.gather(*(lane.run() for lane in self._lanes))

    async def flush(self) -> None:
        """Send what waits, once; what fails stays."""
        await asyncio.gather(*(lane.drain() for lane in self._lanes))


class _Lane:
    def __init__(self, line: Line, reports: Reports) -> None:
        self.queue = deque[Report]()
        self.filled = asyncio.Event()
        self._line = line
        self._reports = reports
        self._failures = 0

    async def run(self) -> None:
        while True:
            await self.filled.wait()
            try:
                await self.drain()
            except CoreError as error:
                self._failures += 1
                level = logging.DEBUG if self._failures > 1 else logging.WARNING
                log.log(level, "reports wait for Core: %s", error)
                await self._line.pause(self._failures, error)

    async def drain(self) -> None:
        """Raises what the first report that was not heard met."""
        while self.queue:
            report = self.queue[0]
            self._reports.on_send(report.task_id, report.executed_ms)
            path = f"/sentinel-tasks/{quote(report.task_id, safe='')}/report"
            try:
                await self._line.call("POST", path, report.body)
            except NotThere:
                self._reports.refused += 1  # the task was deleted meanwhile
            except CoreRefused as error:
                self._reports.refused += 1
                log.warning("Core refuses a report of task %s: %s", report.task_id, error)
            else:
                self._reports.sent += 1
            self._failures = 0
            if self.queue and self.queue[0] is report:
                self.queue.popleft()
        self.filled.clear()
