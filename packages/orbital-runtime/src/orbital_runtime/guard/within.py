"""A stranger's coroutine, under a time limit that holds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from orbital_runtime.guard.escape import as_exception
from orbital_runtime.guard.work import Work

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


async def within(seconds: float, work: Coroutine[Any, Any, T], plugin: str) -> T:
    """Await this, but no longer than that. What ignores its cancellation is left to itself.

    Args:
        seconds: The limit.
        work: Not begun yet.
        plugin: Whose it is.

    Raises:
        TimeoutError: It took longer.
        Exception: Whatever it raised; an `Escape` for what is no `Exception`.
    """
    task = asyncio.get_running_loop().create_task(driven(Work(work, plugin)))
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            leave(task)
            task.cancel()
    if not task.done():
        raise TimeoutError
    try:
        return task.result()
    except asyncio.CancelledError as error:  # its own: nobody cancelled it
        raise as_exception(error) from error


async def driven(work: Work[T]) -> T:
    """To make a task of it."""
    return await work


def leave(task: asyncio.Task[Any]) -> None:
    """Nobody waits for it any longer, and it goes on."""
    _LEFT.add(task)
    task.add_done_callback(_gone)


_LEFT: set[asyncio.Task[Any]] = set()
"""The loop itself keeps no reference."""


def _gone(task: asyncio.Task[Any]) -> None:
    _LEFT.discard(task)
    look_away(task)


def look_away(task: asyncio.Task[Any]) -> None:
    """Nobody waits for its error: asyncio need not say so."""
    if not task.cancelled():
        task.exception()
