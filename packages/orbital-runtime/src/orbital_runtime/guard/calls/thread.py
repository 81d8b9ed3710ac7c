"""A call on a thread, which nothing can end but itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from orbital_runtime.guard.escape import contained

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

T = TypeVar("T")


class Thread:
    """The thread that blocking code may ask for, once.

    Args:
        pool: Where it comes from.
    """

    def __init__(self, pool: Callable[[], Executor]) -> None:
        self._pool = pool
        self.future: Future[Any] | None = None
        self.began = False

    async def run(self, work: Callable[[], T]) -> T:
        """Run this on the pool; whatever it raises is an `Exception`."""
        self.future = self._pool().submit(self._run, work)
        return await asyncio.wrap_future(self.future)

    def _run(self, work: Callable[[], T]) -> T:
        self.began = True
        try:
            with contained:
                return work()
        except StopIteration as error:  # no future can carry it
            raise RuntimeError("a StopIteration was let out") from error

    @property
    def stuck(self) -> Future[Any] | None:
        """What goes on although nobody waits for it. A call that never began does not."""
        future = self.future
        return None if future is None or future.cancel() or future.done() else future
