"""A stranger's coroutine, under a time limit that holds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Await this, but no longer than that. What ignores its cancellation is left to itself.

    Raises:
        TimeoutError: It took longer.
        Exception: Whatever it raised; an attempt to exit counts as an error.
    """
    task = asyncio.get_running_loop().create_task(_contained(work))
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            _LEFT.add(task)
            task.add_done_callback(_gone)
            task.cancel()
    if not task.done():
        raise TimeoutError
    if task.cancelled():
        raise RuntimeError("it raised CancelledError without being cancelled")
    return task.result()


_LEFT: set[asyncio.Task[Any]] = set()
"""The loop itself keeps no reference."""


def _gone(task: asyncio.Task[Any]) -> None:
    _LEFT.discard(task)
    if not task.cancelled():
        task.exception()  # nobody waits for it: asyncio need not say so


async def _contained(work: Coroutine[Any, Any, T]) -> T:
    try:
        return await work
    except SystemExit as error:
        raise RuntimeError("it called sys.exit()") from error
