"""Tasks and threads that a part begins by itself, and that may go on after its end."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, cast
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

_WATCHED: ContextVar[object] = ContextVar("watched", default=None)
"""Each task has the context of whoever began it: a test's own server has none of this."""

SHARED: Final = ("asyncio_", "orbital-test", "orbital-processes")
"""How names of threads begin that belong to nobody: the loop's own pool, those of the kit, and of what runs
plugins in processes of their own."""


@contextmanager
def tasks_begun() -> Generator[WeakSet[asyncio.Task[Any]]]:
    """Collects the tasks that are begun from within this block, and from within these."""
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()
    begun: WeakSet[asyncio.Task[Any]] = WeakSet()

    def factory(
        loop: asyncio.AbstractEventLoop,
        work: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
        **options: Any,
    ) -> asyncio.Future[Any]:
        make: Any = before or _task
        task: asyncio.Future[Any] = make(loop, work, **options)
        if _WATCHED.get() is begun:
            begun.add(cast("asyncio.Task[Any]", task))
        return task

    token = _WATCHED.set(begun)
    loop.set_task_factory(factory)
    try:
        yield begun
    finally:
        loop.set_task_factory(before)
        _WATCHED.reset(token)


async def leftovers(begun: WeakSet[asyncio.Task[Any]], within: float) -> list[str]:
    """Names of those that go on so many seconds later; they are cancelled then."""
    running = {task for task in begun if not task.done()} - {asyncio.current_task()}
    if running:
        _, running = await asyncio.wait(running, timeout=within)
    for task in running:
        task.cancel()
    return sorted(f"{task.get_name()} ({_work(task)})" for task in running)


def running_threads() -> set[threading.Thread]:
    """All but those that everybody shares."""
    return {one for one in threading.enumerate() if not one.name.startswith(SHARED)}


async def threads_left(before: set[threading.Thread], within: float) -> list[str]:
    """Names of those begun since, that go on so many seconds later."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while (left := running_threads() - before) and loop.time() < end:  # noqa: ASYNC110 (a thread tells nobody)
        await asyncio.sleep(within / 100)
    return sorted(one.name for one in left)


def _task(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **options: Any
) -> asyncio.Task[Any]:
    return asyncio.Task(work, loop=loop, **options)


def _work(task: asyncio.Task[Any]) -> str:
    return getattr(task.get_coro(), "__qualname__", "")
