"""A stranger's coroutine, under a time limit that holds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from orbital_runtime.guard.escape import Escape, as_exception
from orbital_runtime.guard.overrun import OverLimit

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_runtime.guard.calls.work import Work

T = TypeVar("T")


async def driven(work: Work[T]) -> T:
    """To make a task of it."""
    return await work


def look_away(task: asyncio.Task[Any]) -> None:
    """Nobody waits for its error: asyncio need not say so."""
    if not task.cancelled():
        task.exception()


_LEFT: set[asyncio.Task[Any]] = set()
"""The loop itself keeps no reference."""


def leave(task: asyncio.Task[Any]) -> None:
    """Nobody waits for it any longer, and it goes on."""
    _LEFT.add(task)
    task.add_done_callback(_gone)


def _gone(task: asyncio.Task[Any]) -> None:
    _LEFT.discard(task)
    look_away(task)


async def within(
    seconds: float,
    work: Work[T],
    *,
    grace: float = 0.0,
    abandon: Callable[[asyncio.Task[T]], None] = leave,
) -> T:
    """Await this in a task of its own, but no longer than that. What it gives in its grace counts.

    Args:
        seconds: The limit.
        work: Not begun yet.
        grace: Seconds that it has to end after it was cancelled.
        abandon: Told of what goes on after that.

    Raises:
        OverLimit: It took longer.
        Exception: Whatever it raised; an `Escape` for what is no `Exception`.
    """
    task = asyncio.get_running_loop().create_task(driven(work))
    try:
        await asyncio.wait({task}, timeout=seconds)
        if late := not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=grace)
    finally:
        if not task.done():
            task.cancel()
            abandon(task)
    try:
        if task.done():
            return task.result()
    except asyncio.CancelledError as error:
        if not late:  # its own: nobody cancelled it
            raise as_exception(error) from error
    except Escape:
        if not late:
            raise
    raise OverLimit
