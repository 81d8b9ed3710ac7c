"""Detects that a task was triggered ("run now") at Core, which does not mark it in the list.

A task's `next_execution_at` results from our last report (`executed_at` plus the interval that Core has at
that time), or is unchanged. Any other value means that it was triggered, unless it results from a report of
another sentinel, which `last_executed_at` of the same entry shows: two hosts of one name are one sentinel
for Core, and would trigger each other endlessly. Values are never compared with a clock: Core's times may be
local times with a wrong Z.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 (wall clock)
LONGEST: Final = 2.0**31
"""Maximum interval in seconds: the limit of Core's column."""
RECENT: Final = 64
"""Reports remembered for each task: while a backlog is sent, a list may show any of them as the last."""


class Triggers:
    """The expected `next_execution_at` of each task."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}
        self._sent: dict[str, deque[int]] = {}
        self._intervals: dict[str, float] = {}

    def reporting(self, task_id: str, executed_ms: int) -> None:
        """A report is sent, perhaps again, of a run that began at `executed_ms` (UTC)."""
        sent = self._sent.setdefault(task_id, deque(maxlen=RECENT))
        if executed_ms not in sent:
            sent.append(executed_ms)

    def look(
        self, task_id: str, text: str | None, interval: float, executed: str | None = None
    ) -> bool:
        """Whether this value of a new list means that the task was triggered.

        Args:
            task_id: Core's id of the task.
            text: `next_execution_at`.
            interval: Seconds, of the same entry. Core may have used that of the previous list for the report.
            executed: `last_executed_at`, of the same entry.
        """
        intervals = {interval, self._intervals.get(task_id, interval)}
        self._intervals[task_id] = interval
        if not text:
            return False
        before, self._seen[task_id] = self._seen.get(task_id), text
        if before is None or before == text:
            return False
        return not self._is_reported(task_id, text, intervals, executed)

    def is_foreign(self, task_id: str, executed: str | None) -> bool:
        """Whether another sentinel reported this task last, according to `last_executed_at`. False before our
        first report, and for reports older than the remembered ones.
        """
        last, sent = _wall_clock(executed or ""), self._sent.get(task_id)
        if last is None or not sent:
            return False
        ours = {timedelta(milliseconds=ms) for ms in sent}
        return last > min(ours) and last not in ours

    def names(self) -> list[str]:
        """Tasks with any stored value; may contain duplicates."""
        return [*self._intervals, *self._sent]

    def forget(self, task_id: str) -> None:
        """Forget the values of this task."""
        for known in (self._seen, self._sent, self._intervals):
            known.pop(task_id, None)

    def clear(self) -> None:
        """Forget all values."""
        for known in (self._seen, self._sent, self._intervals):
            known.clear()

    def _is_reported(
        self, task_id: str, text: str, intervals: set[float], executed: str | None
    ) -> bool:
        """Whether the value results from a report: one of ours, or the last that Core received."""
        moment, last = _wall_clock(text), _wall_clock(executed or "")
        if moment is None:
            return True
        begun = {moment - seconds for seconds in map(_span, intervals)}
        return last in begun or any(
            timedelta(milliseconds=ms) in begun for ms in self._sent.get(task_id, ())
        )


def _wall_clock(text: str) -> timedelta | None:
    """Time since 1970, ignoring the zone."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None) - EPOCH
    except ValueError:
        return None


def _span(seconds: float) -> timedelta:
    return timedelta(seconds=min(max(seconds, 0), LONGEST))
