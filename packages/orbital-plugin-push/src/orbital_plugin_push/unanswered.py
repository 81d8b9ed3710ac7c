"""What the buffer may still take though its sender was told to try again: sent again, it is the same."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

MOST: Final = 1000
"""Bodies that are remembered, the latest ones."""


class Unanswered:
    """Emissions that went on when the time of their request was over."""

    def __init__(self) -> None:
        self._emissions: dict[bytes, asyncio.Future[None]] = {}

    def add(self, body: bytes, emission: asyncio.Future[None]) -> None:
        """Its sender will send this body again, most likely."""
        emission.add_done_callback(_looked_at)
        self._emissions[_digest(body)] = emission
        if len(self._emissions) > MOST:
            del self._emissions[next(iter(self._emissions))]

    def take(self, body: bytes) -> asyncio.Future[None] | None:
        """The emission of this body, if it came before."""
        return self._emissions.pop(_digest(body), None) if self._emissions else None


def _digest(body: bytes) -> bytes:
    return blake2b(body).digest()


def _looked_at(emission: asyncio.Future[None]) -> None:
    """An error that nobody asks for any more is no news."""
    if not emission.cancelled():
        emission.exception()
