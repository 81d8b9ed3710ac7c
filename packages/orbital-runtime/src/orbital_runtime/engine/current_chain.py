"""The processor chain of an engine, which a reload replaces while collections are in progress."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from orbital_runtime.processor.chain import Chain
from orbital_runtime.threads import in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_sdk import Processor

T = TypeVar("T")


class CurrentChain:
    """The processor chain in use, and what still runs through the one before.

    Args:
        processors: The processors of the first chain.
    """

    def __init__(self, processors: Sequence[Processor[Any]]) -> None:
        self.chain = Chain(processors)
        self._aside: set[asyncio.Future[Any]] = set()

    def replace(self, processors: Sequence[Processor[Any]]) -> None:
        """Use these processors from now on. `settled` returns when the former ones are not in use."""
        self.chain = Chain(processors, self.chain.calling)

    async def on_thread(self, make: Callable[..., T], *arguments: Any) -> T:
        """Make the batches of a large collection on a thread, which may call processors."""
        making = asyncio.ensure_future(in_background(make, *arguments))
        self._aside.add(making)
        making.add_done_callback(self._aside.discard)
        return await asyncio.shield(making)

    async def settled(self) -> None:
        """Wait for the threads that still use a chain."""
        if self._aside:
            await asyncio.wait({*self._aside})
