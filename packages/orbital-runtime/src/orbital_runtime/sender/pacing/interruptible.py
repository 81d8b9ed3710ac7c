"""A wait that can be interrupted."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class InterruptibleWait:
    """Waits for a time, an event, or `interrupt`, whichever comes first. One wait at a time."""

    def __init__(self) -> None:
        self._scope: asyncio.Timeout | None = None
        self._interrupted = False

    async def until(
        self, event: Callable[[], Awaitable[None]] | None = None, *, seconds: float | None
    ) -> bool:
        """Return after `seconds` (None = never), after the event, or at `interrupt`.

        `interrupt` without a wait in progress ends the next wait at once.

        Returns:
            Whether it was interrupted.
        """
        try:
            if not self._interrupted:
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds) as self._scope:
                        await (event or _never)()
            return self._interrupted
        finally:
            self._scope = None
            self._interrupted = False

    def interrupt(self) -> None:
        """End the current wait, or the next one."""
        self._interrupted = True
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(asyncio.get_running_loop().time())


async def _never() -> None:
    await asyncio.get_running_loop().create_future()
