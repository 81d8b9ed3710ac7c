"""Readers that wait for samples."""

from __future__ import annotations

import asyncio
import math


class Waiters:
    """Futures by output, each with a minimum of samples."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[tuple[int, asyncio.Future[None]]]] = {}

    async def wait(self, output: str, samples: int) -> None:
        """Wait for the next `wake` with at least this many samples."""
        entry = samples, asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(output, [])
        waiting.append(entry)
        try:
            await entry[1]
        finally:
            waiting.remove(entry)

    def wake(self, output: str, unsent: float = math.inf) -> None:
        """Wake readers that wait for at most this many samples."""
        for samples, future in self._waiting.get(output, ()):
            if samples <= unsent and not future.done():
                future.set_result(None)

    def wake_all(self) -> None:
        for output in self._waiting:
            self.wake(output)
