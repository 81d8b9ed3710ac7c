"""An `emit` for tests of receivers: keeps what comes, and waits or refuses as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from orbital_sdk.calling.invoke import whole
from orbital_sdk.errors import ReceiverStopped
from orbital_sdk.metric import Columns, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_sdk.contract.records import Records


class FakeEmit:
    """As the agent's.

    >>> emit = FakeEmit()
    >>> serving = asyncio.create_task(plugin.serve(device, emit))
    >>> (sample,) = await emit.wait()
    >>> serving.cancel()
    """

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        """What was taken, in its order."""
        self.waiting = 0
        """Calls that wait, because `hold` was called."""
        self.late = 0
        """Calls after `stop`."""
        self.error: Exception | None = None
        """What the next calls raise, such as `BufferRefused`; nothing of them is taken."""
        self.refusals = 0
        """Calls that ended so."""
        self._open = asyncio.Event()
        self._open.set()
        self._stopped = False
        self._changed = asyncio.Condition()

    async def __call__(self, records: Records, /) -> None:
        """As `orbital_sdk.Emit.__call__`."""
        if self._stopped:
            self.late += 1
            raise ReceiverStopped("this serving is over")
        samples = [*_drawn(records)]
        await self._opened()
        if self.error is not None:
            self.refusals += 1
            await self._notify()
            raise self.error
        self.samples += samples
        await self._notify()

    def hold(self) -> None:
        """Let calls wait, as a full buffer does, until `release`."""
        self._open.clear()

    def release(self) -> None:
        """Take what waits."""
        self._open.set()

    def stop(self) -> None:
        """Take nothing any more."""
        self._stopped = True

    async def wait(self, samples: int = 1, timeout: float = 10.0) -> list[Sample]:  # noqa: ASYNC109 (a test says how long)
        """Take out what came, as soon as it is so many samples.

        Raises:
            TimeoutError: It was not that much in time.
        """
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(lambda: len(self.samples) >= samples)
        came, self.samples = self.samples, []
        return came

    async def held(self, calls: int = 1, timeout: float = 10.0) -> None:  # noqa: ASYNC109 (as above)
        """Return when so many calls wait; raises as `wait` does."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(lambda: self.waiting >= calls)

    async def refused(self, calls: int = 1, timeout: float = 10.0) -> None:  # noqa: ASYNC109 (as above)
        """Return when `error` was raised in so many calls; raises as `wait` does."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(lambda: self.refusals >= calls)

    async def _opened(self) -> None:
        self.waiting += 1
        await self._notify()
        try:
            await self._open.wait()
        finally:
            self.waiting -= 1

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def _drawn(records: Records) -> Iterator[Sample]:
    """One by one, refused as the agent refuses them."""
    if isinstance(records, Columns):
        yield from whole(records).samples()
        return
    if not isinstance(records, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance] (a plugin may emit anything)
        raise TypeError(f"emit() was given {type(records).__name__}; give samples, or Columns")
    for sample in records:
        if not isinstance(sample, Sample):  # pyright: ignore[reportUnnecessaryIsInstance] (as above)
            raise TypeError(
                f"emit() was given {type(sample).__name__} among its samples; give samples, or Columns"
            )
        yield sample
