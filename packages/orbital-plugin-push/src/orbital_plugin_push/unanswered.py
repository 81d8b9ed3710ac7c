"""What the buffer may still take though its sender was told to try again: sent again, it is the same."""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orbital_sdk import Emit, Records

MOST: Final = 64
"""Emissions that go on beyond their request, the latest ones: all of their samples are in memory."""


class Unanswered:
    """Emissions that went on when the time of their request was over.

    Args:
        emit: Takes samples.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._emissions: dict[bytes, asyncio.Future[None]] = {}

    async def answer(self, body: bytes, records: Records) -> None:
        """Return when the buffer has these; cancelled, they go on, and the next one with this body has them.

        Args:
            body: As it came.
            records: What it holds.

        Raises:
            CollectError: As `orbital_sdk.Emit`.
        """
        emission = self._take(body) or asyncio.ensure_future(self._emit(records))
        try:
            await asyncio.shield(emission)
        except asyncio.CancelledError:
            self._keep(body, emission)
            raise

    def close(self) -> None:
        """Give up those that still wait for room; what the buffer has begun to take goes on."""
        for emission in self._emissions.values():
            emission.cancel()

    def _keep(self, body: bytes, emission: asyncio.Future[None]) -> None:
        emission.add_done_callback(_looked_at)
        self._emissions[_digest(body)] = emission
        if len(self._emissions) > MOST:
            self._emissions.pop(next(iter(self._emissions))).cancel()

    def _take(self, body: bytes) -> asyncio.Future[None] | None:
        return self._emissions.pop(_digest(body), None) if self._emissions else None


def _digest(body: bytes) -> bytes:
    return blake2b(body).digest()


def _looked_at(emission: asyncio.Future[None]) -> None:
    """An error that nobody asks for any more is no news."""
    if not emission.cancelled():
        emission.exception()
