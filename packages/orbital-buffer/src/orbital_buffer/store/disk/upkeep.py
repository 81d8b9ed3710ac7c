"""Periodic background work of the store on disk."""

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
    """Runs turns until it is stopped.

    Args:
        path: The buffer's folder, for the log.
        seconds: Between two turns.
        turn: Runs one turn, given its number.
        listen: Called at the end of each turn, and every `seconds` while one takes longer. Must not block.
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
        """Start on this event loop."""
        self._task = asyncio.create_task(self._run(), name="buffer-upkeep")

    async def stop(self) -> bool:
        """Stop; no turn follows. Returns whether it was started."""
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
