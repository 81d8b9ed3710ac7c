"""Recognises that somebody pressed "run now" at Core, which marks it nowhere.

A task's `next_execution_at` is what our last report made it (`executed_at` and the interval that Core has
by then), or what it was before. A third value means that it was triggered, unless somebody else's report
made it, which the same entry's `last_executed_at` tells: two hosts of one name are one sentinel for Core,
and would trigger each other for ever. It is never compared with a clock: Core's times may be local ones with
a false Z.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 (wall clock)
LONGEST: Final = 2.0**31
"""Seconds of an interval: Core's column holds no more."""
RECENT: Final = 64
"""Reports of a task that a list may know as the last: a backlog drains while a long list is under way."""


class Triggers:
    """What `next_execution_at` of each task should be."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}
        self._sent: dict[str, deque[int]] = {}
        self._intervals: dict[str, float] = {}

    def reporting(self, task_id: str, executed_ms: int) -> None:
        """A report goes out, perhaps once more, of a run that began at `executed_ms` (UTC)."""
        sent = self._sent.setdefault(task_id, deque(maxlen=RECENT))
        if executed_ms not in sent:
            sent.append(executed_ms)

    def look(
        self, task_id: str, text: str | None, interval: float, executed: str | None = None
    ) -> bool:
        """Whether this value, out of a fresh list, means that the task was triggered.

        Args:
            task_id: Core's.
            text: `next_execution_at`.
            interval: Seconds, of the same entry. The report may have met the one of the list before.
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
        """Whether somebody else reported this task last, as `last_executed_at` says. Nobody can tell before
        our own first report, nor of one that is older than those that are remembered.
        """
        last, sent = _wall_clock(executed or ""), self._sent.get(task_id)
        if last is None or not sent:
            return False
        ours = {timedelta(milliseconds=ms) for ms in sent}
        return last > min(ours) and last not in ours

    def names(self) -> list[str]:
        """Tasks of which something is known; some stand twice."""
        return [*self._intervals, *self._sent]

    def forget(self, task_id: str) -> None:
        """Nothing is known of this one."""
        for known in (self._seen, self._sent, self._intervals):
            known.pop(task_id, None)

    def clear(self) -> None:
        """Nothing is known of any."""
        for known in (self._seen, self._sent, self._intervals):
            known.clear()

    def _is_reported(
        self, task_id: str, text: str, intervals: set[float], executed: str | None
    ) -> bool:
        """Whether a report explains it: one of ours, or the last that Core got."""
        moment, last = _wall_clock(text), _wall_clock(executed or "")
        if moment is None:
            return True
        begun = {moment - seconds for seconds in map(_span, intervals)}
        return last in begun or any(
            timedelta(milliseconds=ms) in begun for ms in self._sent.get(task_id, ())
        )


def _wall_clock(text: str) -> timedelta | None:
    """Since 1970, whatever the zone."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None) - EPOCH
    except ValueError:
        return None


def _span(seconds: float) -> timedelta:
    return timedelta(seconds=min(max(seconds, 0), LONGEST))
