"""Group commit: many collections share one record, and one synced write on disk."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from orbital_buffer.format.codec import CELL, check
from orbital_buffer.model.errors import BufferClosed, BufferFull, NoReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orbital_buffer.contract import Appender
    from orbital_sdk import Batch

    _Waiting = tuple[frozenset[int], asyncio.Future[str]]
    """Identities of batches, and a future for the result."""

logger = logging.getLogger(__name__)

FAR_BEHIND: Final = 16
"""Number of full commits that may wait for the buffer before `put` waits."""


class Committer:
    """Appends batches to the buffer, several at a time. Not thread-safe: for the event loop.

    Args:
        buffer: Gets the batches.
        window: Seconds that a batch may wait for others; 0 appends it at once.
        size: Bytes of values and timestamps that end the window early.
        retry: Seconds until the next attempt after an error of the buffer.
    """

    def __init__(
        self, buffer: Appender, *, window: float = 0.1, size: int = 256 << 10, retry: float = 1.0
    ) -> None:
        self._buffer = buffer
        self._window = window
        self._size = size
        self._retry = retry
        self._pending: list[Batch] = []
        self._bytes = 0
        self._storing = 0
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._caught_up = asyncio.Event()
        self._closed = False
        self._trouble = ""
        self._waiting: list[_Waiting] = []
        self._gone: dict[int, str] = {}
        """Why batches of the current commit were lost, by identity."""
        self.lost: Counter[str] = Counter()
        """Samples that the buffer did not accept, by reason: `refused` (no room under `drop_newest`, also in
        the ledger), `no_output`, `unstorable` (invalid, by a bug), `stopped` (not stored at exit)."""

    async def put(self, batch: Batch) -> None:
        """Add one batch. Returns at once, unless the buffer is far behind. After `close` the batch is only
        counted.

        Raises:
            ValueError: The batch does not have one value (and timestamp) for each series.
        """
        if not self._add(batch):
            return
        if self._bytes >= self._size:
            self._begin()
        elif self._timer is None and self._task is None:
            self._timer = asyncio.get_running_loop().call_later(self._window, self._begin)
        await self._no_longer_far_behind()

    async def accept(self, batches: Sequence[Batch]) -> str:
        """Add batches, append at once, and wait until the buffer has them.

        Returns:
            Why it does not have all of them: a reason of `lost`, where they are counted. Empty if it has.

        Raises:
            ValueError: As `put`.
        """
        await self._no_longer_far_behind()
        if self._closed:
            self._count("stopped", batches)
            return "stopped"
        if not sum([self._add(batch) for batch in batches]):
            return ""
        waiting: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append((frozenset(map(id, batches)), waiting))
        self._begin()
        return await waiting

    def _add(self, batch: Batch) -> bool:
        check(batch)
        if not batch.values:
            return False
        if self._closed:
            self._count("stopped", (batch,))
            return False
        self._pending.append(batch)
        self._bytes += len(batch.values) * CELL * (1 if batch.times is None else 2)
        return True

    async def _no_longer_far_behind(self) -> None:
        while self._bytes + self._storing >= FAR_BEHIND * self._size and not self._closed:
            self._caught_up.clear()
            await self._caught_up.wait()

    def flush_soon(self) -> None:
        """Append without waiting for the end of the window."""
        if self._pending:
            self._begin()

    async def flush(self) -> None:
        """Wait until all batches so far are in the buffer, or counted as lost."""
        if self._pending:
            self._begin()
        if self._task is not None:
            await asyncio.shield(self._task)

    async def close(self, grace: float = 5.0) -> None:
        """Flush for at most `grace` seconds, and accept no more batches. Idempotent."""
        self._closed = True
        self._caught_up.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self.flush()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        pending, self._pending = self._pending, []
        self._count_lost("stopped", pending)
        waiting, self._waiting = self._waiting, []
        self._answer(waiting)

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._commit())

    async def _commit(self) -> None:
        try:
            while self._pending:
                batches, self._pending = tuple(self._pending), []
                waiting, self._waiting = self._waiting, []
                self._storing, self._bytes = self._bytes, 0
                try:
                    await self._append(batches)
                finally:
                    self._answer(waiting)
                self._storing = 0
                self._caught_up.set()
        finally:
            self._task = None

    def _answer(self, waiting: Iterable[_Waiting]) -> None:
        """Resolve the futures of `accept`."""
        gone, self._gone = self._gone, {}
        for batches, future in waiting:
            if not future.done():
                future.set_result(next((why for at, why in gone.items() if at in batches), ""))

    async def _append(self, batches: Sequence[Batch]) -> None:
        """Append, with retries. Batches that the buffer will never accept are counted."""
        try:
            while not await self._try(batches):
                pass
        except BufferFull as error:
            self._count_lost("refused", batches, error)
        except NoReader as error:
            self._count_lost("no_output", batches, error)
        except BufferClosed as error:
            self._count_lost("stopped", batches, error)
        except asyncio.CancelledError:
            self._count_lost("stopped", batches)
            raise
        except (ValueError, TypeError) as error:
            await self._isolate(batches, error)

    async def _isolate(self, batches: Sequence[Batch], error: Exception) -> None:
        """Find the invalid batch by bisection, and append the others."""
        middle = len(batches) // 2
        if not middle:
            self._count_lost("unstorable", batches, error)
            return
        await self._append(batches[:middle])
        await self._append(batches[middle:])

    async def _try(self, batches: Sequence[Batch]) -> bool:
        try:
            await self._buffer.append(batches)
        except (BufferFull, NoReader, BufferClosed, ValueError, TypeError):
            raise
        except Exception:
            if self._trouble != "failing":
                logger.exception("the buffer failed; trying again every %g s", self._retry)
                self._trouble = "failing"
            await asyncio.sleep(self._retry)
            return False
        if self._trouble:
            logger.info("the buffer accepts samples again")
            self._trouble = ""
        return True

    def _count_lost(
        self, reason: str, batches: Sequence[Batch], error: Exception | None = None
    ) -> None:
        """Count lost batches, and remember them for `accept`."""
        self._gone.update((id(batch), reason) for batch in batches)
        self._count(reason, batches, error)

    def _count(self, reason: str, batches: Sequence[Batch], error: Exception | None = None) -> None:
        """Count lost samples; log once while the reason stays the same."""
        samples = sum(batch.samples for batch in batches)
        if not samples:
            return
        self.lost[reason] += samples
        if reason != self._trouble:
            logger.error("%d samples are lost (%s): %s", samples, reason, error or "no time left")
            self._trouble = reason
