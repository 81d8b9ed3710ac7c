"""Threads for the agent's own long computations.

The event loop's default pool is not ours: plugins use it too, and may fill it with what never returns.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from orbital_runtime.plugins.threads import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

_POOL: Final = ThreadPool(2, "background")


async def in_background(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Compute this on a thread, so that the loop goes on. It must come to an end by itself."""
    return await asyncio.wrap_future(_POOL.submit(work, *args, **kwargs))
