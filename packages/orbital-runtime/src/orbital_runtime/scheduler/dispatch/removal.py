"""Removes tasks from the engine, one after the other in the background."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING

from orbital_runtime.slices import in_slices

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from orbital_runtime.model import Task

log = logging.getLogger("orbital.scheduler")


class TaskRemoval:
    """Calls `forget` for removed tasks whose last run is over, unless they were added again.

    Args:
        forget: Writes the stale markers of a task and drops its record.
        alive: Whether there is a task with this key again.
    """

    def __init__(
        self, forget: Callable[[Task], Awaitable[None]], alive: Callable[[str], bool]
    ) -> None:
        self._forget = forget
        self._alive = alive
        self._gone: deque[Task] = deque()
        self._worker: asyncio.Task[None] | None = None

    def add(self, task: Task) -> None:
        """Remove this task."""
        self._gone.append(task)
        if self._worker is None:
            self._worker = asyncio.get_running_loop().create_task(self._remove_all())

    async def done(self) -> None:
        """Return when no removal is pending."""
        if self._worker is not None:
            await self._worker

    async def _remove_all(self) -> None:
        async for task in in_slices(self._pending()):
            if self._alive(task.key):
                continue
            try:
                await self._forget(task)
            except Exception:
                log.exception(
                    "task %s was removed, but its stale markers could not be written", task.id
                )
        self._worker = None

    def _pending(self) -> Iterator[Task]:
        while self._gone:
            yield self._gone.popleft()
