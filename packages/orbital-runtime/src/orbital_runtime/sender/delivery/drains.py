"""Who waits until all that an output holds is sent."""

from __future__ import annotations

import asyncio


class Drains:
    """True while somebody does."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[bool]] = set()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    async def wait(self, delivery: asyncio.Task[None]) -> bool:
        """Return whether all was sent, at the end of this task at the latest."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.add(done)
        try:
            await asyncio.wait({done, delivery}, return_when=asyncio.FIRST_COMPLETED)
            return done.done() and done.result()
        finally:
            self._waiting.discard(done)

    def end(self, *, sent: bool) -> None:
        """Let all of them go on."""
        waiting, self._waiting = self._waiting, set()
        for done in waiting:
            if not done.done():
                done.set_result(sent)
