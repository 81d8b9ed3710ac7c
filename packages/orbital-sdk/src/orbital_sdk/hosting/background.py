"""Background tasks of one part: begun one by one, ended together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


class Background:
    """Keeps tasks until they end.

    Args:
        failed: Told of each that ended by an error.
        wrap: Put around each coroutine.
    """

    def __init__(
        self,
        failed: Callable[[asyncio.Task[Any], BaseException], None],
        wrap: Callable[[Coroutine[Any, Any, Any]], Coroutine[Any, Any, Any]] | None = None,
    ) -> None:
        self._failed = failed
        self._wrap = wrap
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def spawn(self, work: Coroutine[Any, Any, T], name: str = "") -> asyncio.Task[T]:
        """As `PluginHost.spawn`."""
        if not asyncio.iscoroutine(work):
            raise TypeError(f"spawn() takes a coroutine, not {work!r}; call the `async def`")
        try:
            loop = self._loop()
        except RuntimeError:
            work.close()  # never begun: Python need not warn of it
            raise
        called = name or getattr(work, "__qualname__", "")
        task = loop.create_task(self._wrap(work) if self._wrap else work, name=called)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self, seconds: float) -> set[asyncio.Task[Any]]:
        """Cancel them all, and wait for their end. Nothing begins afterwards. Safe twice.

        Returns:
            Those that have not ended in so many seconds.
        """
        self._closed = True
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        return {task for task in tasks if not task.done()}

    def _loop(self) -> asyncio.AbstractEventLoop:
        if self._closed:
            raise RuntimeError("spawn() after the stop began; nothing may begin any more")
        try:
            return asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                "spawn() on a thread that has no event loop; call it from an `async def`"
            ) from None

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(task, error)
