"""A call on a thread, which cannot be cancelled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from orbital_runtime.guard.escape import contained

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

T = TypeVar("T")


class Thread:
    """One thread for a blocking call.

    Args:
        pool: Returns the thread pool.
    """

    def __init__(self, pool: Callable[[], Executor]) -> None:
        self._pool = pool
        self.future: Future[Any] | None = None
        self.began = False

    async def run(self, work: Callable[[], T]) -> T:
        """Run this on the pool. It can only raise an `Exception`."""
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
        """The call, if it is running although it is not awaited any more."""
        future = self.future
        return None if future is None or future.cancel() or future.done() else future
