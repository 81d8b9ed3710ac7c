"""The agent's own computations on threads, and their way back to the event loop."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from orbital_sdk.thread_pool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

P = ParamSpec("P")
T = TypeVar("T")

_OWN: Final = ThreadPool(2, "background")


async def in_background(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Compute this on a thread of the agent's own, so that the loop goes on. It must end by itself.

    The loop's default pool is not ours: plugins use it too, and may fill it with what never returns.
    """
    return await asyncio.wrap_future(_OWN.submit(work, *args, **kwargs))


def on_loop(
    loop: asyncio.AbstractEventLoop, tell: Callable[[Future[Any]], None], future: Future[Any]
) -> None:
    """From a thread: have the loop tell of this future. It may be over by then."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(tell, future)
