"""Who may use the bus next: one at a time, units in rotation, and each unit's requests in order."""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """A lock that is fair between units: ten tasks of one unit wait no shorter than the one of another."""

    __slots__ = ("_taken", "_waiting")

    def __init__(self) -> None:
        self._taken = False
        self._waiting: dict[int, deque[asyncio.Future[None]]] = {}

    @property
    def taken(self) -> bool:
        """Whether somebody has the turn."""
        return self._taken

    async def take(self, unit: int) -> None:
        """Wait for the turn. Whoever has it gives it back with `give`."""
        if not self._taken:
            self._taken = True
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(unit, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if (
                turn.done() and not turn.cancelled()
            ):  # it was given in the very moment of the cancellation
                self.give()
            raise

    def give(self) -> None:
        """Hand it to the unit whose turn is longest ago."""
        while self._waiting:
            unit, queue = next(iter(self._waiting.items()))
            del self._waiting[unit]
            turn = queue.popleft()
            if queue:
                self._waiting[unit] = queue  # behind the others
            if not turn.done():
                turn.set_result(None)
                return
        self._taken = False
