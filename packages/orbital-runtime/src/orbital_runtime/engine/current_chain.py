"""The processor chain of an engine, which a reload replaces while collections are in progress."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from orbital_runtime.processor.chain import Chain
from orbital_runtime.threads import in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_sdk import Processor

T = TypeVar("T")

NONE: Final[Mapping[str, Sequence[Any]]] = MappingProxyType({})


class CurrentChain:
    """The chain of all samples, that of each task with processors of its own, and what still runs through
    those before.

    Args:
        processors: The processors of the first chain.
    """

    def __init__(self, processors: Sequence[Processor[Any]]) -> None:
        self.chain = Chain(processors)
        self._by_task: dict[str, Chain] = {}
        self._aside: set[asyncio.Future[Any]] = set()

    def of(self, task: str) -> Chain:
        """The chain of a task's samples, by its key."""
        return self._by_task.get(task, self.chain)

    @property
    def all(self) -> list[Chain]:
        """Every chain; those of tasks come first, for what they gather goes on in that of all."""
        return [*self._by_task.values(), self.chain]

    def replace(
        self,
        processors: Sequence[Processor[Any]],
        by_task: Mapping[str, Sequence[Processor[Any]]] = NONE,
    ) -> None:
        """Use these processors from now on. `settled` returns when the former ones are not in use.

        Args:
            processors: Those of all samples.
            by_task: Those of the samples of single tasks, by key.
        """
        calling = self.chain.calling
        self.chain = Chain(processors, calling)
        self._by_task = {
            task: Chain(own, calling, then=self.chain) for task, own in by_task.items()
        }

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
