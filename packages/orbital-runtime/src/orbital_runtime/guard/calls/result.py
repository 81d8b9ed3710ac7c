"""The result of a call that may be abandoned."""

from __future__ import annotations

import asyncio
import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from orbital_runtime.threads import on_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

T = TypeVar("T")


class Result(Generic[T]):
    """Result of a call. Not thread-safe: for the event loop.

    Args:
        late: Called once with a result that comes after `give_up`.
    """

    def __init__(self, late: Callable[[T], None] | None) -> None:
        self._late = late
        self._came: list[T] = []
        self._given_up = False

    async def of(self, work: Coroutine[Any, Any, T]) -> T:
        """Await this, and record its result."""
        value = await work
        self._came.append(value)
        if self._given_up:
            self._notify()
        return value

    def give_up(self, thread: Future[Any] | None) -> None:
        """Abandon the call, and its thread, if it has one."""
        self._given_up = True
        self._notify()
        if thread is not None:
            thread.add_done_callback(partial(on_loop, asyncio.get_running_loop(), self._returned))

    def _returned(self, thread: Future[Any]) -> None:
        if self._came or thread.cancelled() or thread.exception():
            return
        value = thread.result()
        if not inspect.isawaitable(value):
            self._came.append(value)
            self._notify()

    def _notify(self) -> None:
        if self._came and self._late is not None:
            late, self._late = self._late, None
            late(self._came[0])
