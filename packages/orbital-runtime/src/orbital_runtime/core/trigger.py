"""Recognises that somebody pressed "run now" at Core, which marks it nowhere.

A task's `next_execution_at` is what our last report made it (`executed_at` and the interval that Core has
by then), or what it was before. A third value means that it was triggered. It is never compared with a
clock: Core's times may be local ones with a false Z (CORE_API, sections 2.6 and 4).
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Final

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

    def look(self, task_id: str, text: str | None, interval: float) -> bool:
        """Whether this value, out of a fresh list, means that the task was triggered.

        Args:
            task_id: Core's.
            text: `next_execution_at`.
            interval: Seconds, of the same entry. The report may have met the one of the list before.
        """
        intervals = {interval, self._intervals.get(task_id, interval)}
        self._intervals[task_id] = interval
        if not text:
            return False
        before, self._seen[task_id] = self._seen.get(task_id), text
        return before is not None and before != text and not self._is_ours(task_id, text, intervals)

    def keep(self, task_ids: set[str]) -> None:
        """Forget all others."""
        for known in (self._seen, self._sent, self._intervals):
            for gone in known.keys() - task_ids:
                del known[gone]

    def _is_ours(self, task_id: str, text: str, intervals: set[float]) -> bool:
        moment = _wall_clock(text)
        if moment is None:
            return True
        since = moment - datetime(1970, 1, 1)  # noqa: DTZ001 (wall clock)
        begun = {since - timedelta(seconds=seconds) for seconds in intervals}
        return any(timedelta(milliseconds=ms) in begun for ms in self._sent.get(task_id, ()))


def _wall_clock(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
