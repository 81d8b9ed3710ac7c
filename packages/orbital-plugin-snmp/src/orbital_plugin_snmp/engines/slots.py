"""How many may do something at once."""

from __future__ import annotations

import asyncio
from collections import deque


class Slots:
    """A semaphore that costs next to nothing while there is room.

    Args:
        size: How many.
        newest_first: Whose turn it is: who came last, or who came first.
    """

    def __init__(self, size: int, *, newest_first: bool = False) -> None:
        self._free = size
        self._newest_first = newest_first
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def wanted(self) -> bool:
        """Whether anybody waits for one."""
        return bool(self._queue)

    def take_at_once(self) -> bool:
        """Take one if one is free; give it back in any case. Whether there was one."""
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    async def take(self) -> None:
        """Take one, and wait for it if none is free."""
        if self.take_at_once():
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give()
            raise

    def give(self) -> None:
        """Give one back: to whose turn it is, if anybody waits."""
        while self._queue:
            turn = self._queue.pop() if self._newest_first else self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
