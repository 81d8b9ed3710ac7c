"""What arrived for one task, until the agent has it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_sdk import BufferRefused, EmissionTooLarge, ReceiverStopped, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_plugin_snmp.traps.times import Times
    from orbital_sdk import Emit, Series

ROOM: Final = 10_000
"""Notifications that may wait."""
TOGETHER: Final = 0.005
"""Seconds in which what arrives is handed over together."""


class Received(NamedTuple):
    """What one notification changed."""

    ts: int
    """Milliseconds UTC of its arrival."""
    changes: Sequence[tuple[Series, float]]
    stored: Callable[[], None]
    """Called when the buffer has it."""


class Outbox:
    """A bounded queue. Belongs to the event loop.

    Args:
        host: Whose notifications these are; None: everybody's.
        times: Told which times were used.
        drop: Told the reason when something is not handed over.
    """

    def __init__(self, host: str | None, times: Times, drop: Callable[[str], None]) -> None:
        self.host = host
        self._times = times
        self._drop = drop
        self._waiting: deque[Received] = deque()
        self._came = asyncio.Event()

    @property
    def is_full(self) -> bool:
        return len(self._waiting) >= ROOM

    def put(self, received: Received) -> None:
        """One more."""
        self._waiting.append(received)
        self._came.set()

    async def forward(self, emit: Emit) -> None:
        """Hand over what comes, until cancelled."""
        while True:
            await self._came.wait()
            await asyncio.sleep(TOGETHER)
            await self.flush(emit)

    async def flush(self, emit: Emit) -> None:
        """Hand over what waits. What is not taken is counted, and its senders have no answer."""
        some = [*self._waiting]
        self._waiting.clear()
        self._came.clear()
        if not some:
            return
        self._times.used(some[-1].ts)
        # of several values of a series at one time the last one counts
        latest = {(series, one.ts): value for one in some for series, value in one.changes}
        try:
            await emit([Sample(series, value, ts) for (series, ts), value in latest.items()])
        except (BufferRefused, EmissionTooLarge, ReceiverStopped):
            for _ in some:
                self._drop("buffer")
            return
        for one in some:
            one.stored()


def nothing() -> None:
    """Nobody waits for an answer."""


def after(times: int, done: Callable[[], None]) -> Callable[[], None]:
    """What calls `done` when it was called so many times; at once where that is never."""
    if not times:
        done()
        return nothing
    left = iter(range(times - 1, -1, -1))

    def once() -> None:
        if next(left) == 0:
            done()

    return once
