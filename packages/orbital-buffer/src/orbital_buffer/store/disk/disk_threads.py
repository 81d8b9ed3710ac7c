"""The threads for disk access; the event loop never accesses the disk.

Two threads: one executes changes in order, the other only reads, so that an output that reads samples does
not wait for a sync. A call may take long while the disk answers single operations of it. If the disk has not
answered for a while, callers that can do without the result stop waiting.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from orbital_sdk.thread_pool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from orbital_buffer.store.rocks.port import Stores

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE: Final = 3.0
"""Seconds without an answer after which the disk counts as stalled."""

GRACE: Final = 10.0
"""Seconds without an answer after which a stop no longer waits for the disk."""
GIVEN_UP: Final = 2.0
"""Seconds that abandoned calls get to end."""

logger = logging.getLogger(__name__)


class DiskThreads:
    """The two threads of one buffer.

    Args:
        stores: Opens its database. If it opens it in this process, no caller stops waiting: a stalled disk
            blocks the whole process then.
    """

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._writer = ThreadPool(1, "buffer")
        self._reader = ThreadPool(1, "buffer-read")
        self._since: dict[int, float] = {}
        """For each busy thread, the time of the disk's last answer in monotonic seconds."""
        stores.on_answer = self._stamp

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call this after all earlier calls of `run`."""
        future = self._writer.submit(self._timed, call, *args, **kwargs)
        return await asyncio.wrap_future(future)

    async def read(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call this, which only reads, after earlier reads only."""
        future = self._reader.submit(self._timed, call, *args, **kwargs)
        return await asyncio.wrap_future(future)

    def later(self, call: Callable[[], object]) -> None:
        """As `run`, without waiting for the result."""
        self._writer.submit(self._timed, self._logged, call)

    @property
    def silence(self) -> float:
        """Seconds for which the disk has not answered; 0 without calls in progress."""
        since = min(self._since.copy().values(), default=None)
        return 0.0 if since is None or not self._stores.separate else time.monotonic() - since

    @property
    def stalled(self) -> bool:
        """Whether the disk has not answered for `PATIENCE`."""
        return self.silence >= PATIENCE

    async def unless_stalled(self, task: asyncio.Future[Any], patience: float = PATIENCE) -> bool:
        """Wait until this is done, or the disk has not answered for `patience`. Returns if it is done."""
        while not task.done():
            left = patience - self.silence
            if left <= 0:
                return False
            await asyncio.wait({task}, timeout=left)
        return True

    async def finish(self, last: Coroutine[Any, Any, None]) -> bool:
        """Run this as the last call. If the disk does not answer, calls to the database end with an error,
        and a blocked thread is abandoned. Returns whether it completed.
        """
        ending = asyncio.ensure_future(last)
        ended = await self.unless_stalled(ending, GRACE)
        if not ended:
            self._stores.give_up("was given up: the disk does not answer")
            await asyncio.wait({ending}, timeout=GIVEN_UP)
        self._writer.shutdown(wait=False)
        self._reader.shutdown(wait=False)
        return ended

    def _timed(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self._stamp()
        try:
            return call(*args, **kwargs)
        finally:
            del self._since[threading.get_ident()]

    def _stamp(self) -> None:
        self._since[threading.get_ident()] = time.monotonic()

    def _logged(self, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception:
            logger.exception("the buffer's upkeep failed")
