"""Callers that wait until an output has sent everything."""

from __future__ import annotations

import asyncio


class Drains:
    """True while there are any."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[bool]] = set()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    async def wait(self, delivery: asyncio.Task[None]) -> bool:
        """Wait until everything is sent, or this task ends. Returns whether everything was sent."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.add(done)
        try:
            await asyncio.wait({done, delivery}, return_when=asyncio.FIRST_COMPLETED)
            return done.done() and done.result()
        finally:
            self._waiting.discard(done)

    def end(self, *, sent: bool) -> None:
        """Release all of them."""
        waiting, self._waiting = self._waiting, set()
        for done in waiting:
            if not done.done():
                done.set_result(sent)
