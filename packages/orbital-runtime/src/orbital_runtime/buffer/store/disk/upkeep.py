"""Periodic work of the store on disk, which nobody waits for."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path
    from typing import Any

logger = logging.getLogger(__name__)


class Upkeep:
    """Turns, until it is stopped.

    Args:
        path: Of the buffer, for the log.
        seconds: Between two turns.
        turn: Does one; gets its number.
        listen: Called at the end of each turn, and every so many seconds while one takes longer. Never waits.
    """

    def __init__(
        self,
        path: Path,
        seconds: float,
        turn: Callable[[int], Coroutine[Any, Any, None]],
        listen: Callable[[], None],
    ) -> None:
        self._path = path
        self._seconds = seconds
        self._turn = turn
        self._listen = listen
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on this loop."""
        self._task = asyncio.create_task(self._run(), name="buffer-upkeep")

    async def stop(self) -> bool:
        """No turn after this. Gives whether it was started."""
        if self._task is None:
            return False
        self._task.cancel()
        await asyncio.wait({self._task})
        return True

    async def _run(self) -> None:
        number = 0
        while True:
            await asyncio.sleep(self._seconds)
            number += 1
            turning = asyncio.create_task(self._turn(number), name="buffer-turn")
            try:
                while not turning.done():
                    await asyncio.wait({turning}, timeout=self._seconds)
                    self._listen()
                turning.result()
            except asyncio.CancelledError:
                turning.cancel()
                raise
            except Exception:
                logger.exception("upkeep of %s failed", self._path)
