"""Background threads for the agent's own work."""

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
    """Run this on a thread of the agent. It must end by itself.

    The default executor of the event loop is not used, since plugins may fill it with calls that never
    return.
    """
    return await asyncio.wrap_future(_OWN.submit(work, *args, **kwargs))


def on_loop(
    loop: asyncio.AbstractEventLoop, tell: Callable[[Future[Any]], None], future: Future[Any]
) -> None:
    """From a thread: call `tell` with the future on the event loop, if that is not closed."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(tell, future)
