"""Long work on the event loop in slices, so that nobody else waits for all of it."""

from __future__ import annotations

import asyncio
import gc
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterable

T = TypeVar("T")

SLICE: Final = 0.002
"""Seconds of work before the others get their turn."""
LONGEST: Final = 60.0
"""Seconds without the collector: a file that is read, or a plugin that is imported, may hang."""


async def in_slices(items: Iterable[T], seconds: float = SLICE) -> AsyncGenerator[T]:
    """Each of these. Where what is done with them took longer than a slice, everybody else goes first."""
    until = time.monotonic() + seconds
    for item in items:
        yield item
        if time.monotonic() >= until:
            await asyncio.sleep(0)
            until = time.monotonic() + seconds


async def free(things: dict[Any, Any]) -> None:
    """Empty this, which nobody needs any more: to free many objects takes its time, too."""
    async for _ in in_slices(range(len(things))):
        things.popitem()


@contextmanager
def without_collector(longest: float = LONGEST) -> Generator[None]:
    """Without the garbage collector, which would look at each of many new objects again and again; and what
    has come to stay is left out of its later rounds. It is back before the end where that takes too long.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    back = asyncio.get_running_loop().call_later(longest, gc.enable)
    try:
        yield
    finally:
        back.cancel()
        gc.freeze()
        gc.enable()
