"""Recognises that somebody pressed "run now" at Core, which marks it nowhere.

A task's `next_execution_at` is what our last report made it (`executed_at + interval`), or what it was
before. A third value means that it was triggered. It is never compared with a clock: Core's times may be
local ones with a false Z (CORE_API, sections 2.6 and 4).
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Final

RECENT: Final = 8
"""Reports of a task that a list may not know yet."""


class Triggers:
    """What `next_execution_at` of each task should be."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}
        self._expected: dict[str, deque[datetime]] = {}

    def reported(self, task_id: str, executed_ms: int, interval: float) -> None:
        """We are about to report a run that began at `executed_ms` (UTC) of a task with this interval (s)."""
        moment = datetime(1970, 1, 1) + timedelta(milliseconds=executed_ms, seconds=interval)  # noqa: DTZ001 (wall clock)
        self._expected.setdefault(task_id, deque(maxlen=RECENT)).append(moment)

    def look(self, task_id: str, text: str | None) -> bool:
        """Whether this value, out of a fresh list, means that the task was triggered."""
        if not text:
            return False
        before, self._seen[task_id] = self._seen.get(task_id), text
        return before is not None and before != text and not self._is_ours(task_id, text)

    def keep(self, task_ids: set[str]) -> None:
        """Forget all others."""
        for known in (self._seen, self._expected):
            for gone in known.keys() - task_ids:
                del known[gone]

    def _is_ours(self, task_id: str, text: str) -> bool:
        moment = _wall_clock(text)
        return moment is None or moment in self._expected.get(task_id, ())


def _wall_clock(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
