"""Long work on the event loop in slices, so that other work is not delayed."""

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
"""Seconds of work before other tasks of the event loop run."""
LONGEST: Final = 60.0
"""Maximum seconds without the garbage collector: reading a file or importing a plugin may hang."""


async def in_slices(items: Iterable[T], seconds: float = SLICE) -> AsyncGenerator[T]:
    """Yield the items; after each slice other tasks of the event loop run."""
    until = time.monotonic() + seconds
    for item in items:
        yield item
        if time.monotonic() >= until:
            await asyncio.sleep(0)
            until = time.monotonic() + seconds


async def free(things: dict[Any, Any]) -> None:
    """Empty a dictionary in slices, since freeing many objects takes time, too."""
    async for _ in in_slices(range(len(things))):
        things.popitem()


@contextmanager
def without_collector(longest: float = LONGEST) -> Generator[None]:
    """Disable the garbage collector within the block, since it would scan many new objects again and again.
    At the end they are excluded from later collections. It is enabled again after `longest` seconds at the
    latest.
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
