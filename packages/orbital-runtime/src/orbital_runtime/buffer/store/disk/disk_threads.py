"""The threads that call the disk: the event loop never does.

Two threads: one does in order whatever changes something, and the other one only reads, so that an output
that wants its samples waits for no sync. A call may take long as long as the disk answers somewhere in it.
Where it has not answered for a while, whoever can do without it stops waiting.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from orbital_runtime.threads import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from orbital_runtime.buffer.store.rocks.port import Stores

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE: Final = 3.0
"""Seconds without an answer after which a disk counts as one that does not answer."""

GRACE: Final = 10.0
"""Seconds without an answer after which a stop does not wait for it any more."""
GIVEN_UP: Final = 2.0
"""Seconds in which calls end that nobody waits for."""

logger = logging.getLogger(__name__)


class DiskThreads:
    """The two threads of one buffer.

    Args:
        stores: Opens its database. Where that is in this process nobody ever stops waiting: a disk that does
            not answer holds everything then.
    """

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._writer = ThreadPool(1, "buffer")
        self._reader = ThreadPool(1, "buffer-read")
        self._since: dict[int, float] = {}
        """When each thread that is at work heard of the disk last; monotonic seconds."""
        stores.on_answer = self._heard

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do this after all that was asked for before."""
        future = self._writer.submit(self._timed, call, *args, **kwargs)
        return await asyncio.wrap_future(future)

    async def read(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do this, which changes nothing, after other reads only."""
        future = self._reader.submit(self._timed, call, *args, **kwargs)
        return await asyncio.wrap_future(future)

    def later(self, call: Callable[[], object]) -> None:
        """As `run`, but nobody waits for it."""
        self._writer.submit(self._timed, self._logged, call)

    @property
    def silence(self) -> float:
        """Seconds for which the disk has not answered; 0 when nothing is asked of it."""
        since = min(self._since.copy().values(), default=None)
        return 0.0 if since is None or not self._stores.apart else time.monotonic() - since

    @property
    def stalled(self) -> bool:
        """Whether it counts as one that does not answer."""
        return self.silence >= PATIENCE

    async def unless_stalled(self, task: asyncio.Future[Any], patience: float = PATIENCE) -> bool:
        """Return when this is done, or when the disk has not answered for so long. Gives whether it is."""
        while not task.done():
            left = patience - self.silence
            if left <= 0:
                return False
            await asyncio.wait({task}, timeout=left)
        return True

    async def finish(self, last: Coroutine[Any, Any, None]) -> bool:
        """Do this, and nothing after it. Where the disk does not answer, calls of the database end with an
        error, and a thread that the disk holds is left alone. Gives whether it came to its end.
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
        self._heard()
        try:
            return call(*args, **kwargs)
        finally:
            del self._since[threading.get_ident()]

    def _heard(self) -> None:
        self._since[threading.get_ident()] = time.monotonic()

    def _logged(self, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception:
            logger.exception("the buffer's upkeep failed")
