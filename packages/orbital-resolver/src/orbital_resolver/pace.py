"""How many look-ups begin at once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

BURST: Final = 100
"""Look-ups that a name server may be busy with. More only overflow somebody's buffer. ..."""
HOLD: Final = 0.2
"""... One that has not ended after so many seconds does not count any more: names whose servers are dead must
not keep the others waiting."""


class Pace:
    """Lets `burst` in at once, and another for each that ends or has taken `hold` seconds."""

    def __init__(self, burst: int = BURST, hold: float = HOLD) -> None:
        self._slots = asyncio.Semaphore(burst)
        self._hold = hold

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Wait for a turn, and use it inside the block."""
        await self._slots.acquire()
        timer = asyncio.get_running_loop().call_later(self._hold, self._slots.release)
        try:
            yield
        finally:
            if timer.when() > asyncio.get_running_loop().time():  # it has not fired
                timer.cancel()
                self._slots.release()
