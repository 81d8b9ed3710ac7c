"""Awaits a third-party coroutine with a time limit."""

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
    """A coroutine for a task."""
    return await work


def retrieve_exception(task: asyncio.Task[Any]) -> None:
    """Suppress asyncio's warning about an exception that is never retrieved."""
    if not task.cancelled():
        task.exception()


_LEFT: set[asyncio.Task[Any]] = set()
"""References, since the event loop keeps none."""


def leave(task: asyncio.Task[Any]) -> None:
    """Keep a reference to an abandoned task until it ends."""
    _LEFT.add(task)
    task.add_done_callback(_discard)


def _discard(task: asyncio.Task[Any]) -> None:
    _LEFT.discard(task)
    retrieve_exception(task)


async def within(
    seconds: float,
    work: Work[T],
    *,
    grace: float = 0.0,
    abandon: Callable[[asyncio.Task[T]], None] = leave,
) -> T:
    """Await this in a task of its own, with a time limit. A result within the grace counts.

    Args:
        seconds: The limit.
        work: Not started.
        grace: Seconds to end after its cancellation.
        abandon: Called with the task if it continues after that.

    Raises:
        OverLimit: It took longer.
        Exception: Raised by it; an `Escape` for what is no `Exception`.
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
