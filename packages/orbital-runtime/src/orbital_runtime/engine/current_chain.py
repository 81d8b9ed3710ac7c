"""The processors of an engine, which a reload may change while collections are under way."""

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
    """The chain of today, and the end of the one before.

    Args:
        processors: Of the first chain.
    """

    def __init__(self, processors: Sequence[Processor[Any]]) -> None:
        self.chain = Chain(processors)
        self._aside: set[asyncio.Future[Any]] = set()

    def replace(self, processors: Sequence[Processor[Any]]) -> None:
        """Have these from now on. `settled` tells when the others are not used any more."""
        self.chain = Chain(processors, self.chain.calling)

    async def on_thread(self, make: Callable[..., T], *arguments: Any) -> T:
        """Seal a large collection on a thread, which may call processors."""
        making = asyncio.ensure_future(in_background(make, *arguments))
        self._aside.add(making)
        making.add_done_callback(self._aside.discard)
        return await asyncio.shield(making)

    async def settled(self) -> None:
        """What was under way has been."""
        if self._aside:
            await asyncio.wait({*self._aside})
