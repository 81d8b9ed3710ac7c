"""Who waits for batches of which output, and for how many samples."""

from __future__ import annotations

import asyncio
import math


class Waiters:
    """Futures by output, each with the number of samples that wakes it."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[tuple[int, asyncio.Future[None]]]] = {}

    async def wait(self, output: str, samples: int) -> None:
        """Return at the next `wake` with at least so many samples."""
        entry = samples, asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(output, [])
        waiting.append(entry)
        try:
            await entry[1]
        finally:
            waiting.remove(entry)

    def wake(self, output: str, unsent: float = math.inf) -> None:
        """Wake those that wait for no more than so many samples."""
        for samples, future in self._waiting.get(output, ()):
            if samples <= unsent and not future.done():
                future.set_result(None)

    def wake_all(self) -> None:
        for output in self._waiting:
            self.wake(output)
