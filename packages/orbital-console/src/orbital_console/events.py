"""What happens, for clients that wait for it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

REMEMBERED: Final = 200
"""Events that a client gets that comes back."""
CLIENTS: Final = 16
"""Clients at once; the socket has room for twice as many connections of one address."""


class Event(NamedTuple):
    """One event."""

    number: int
    """Grows by one."""
    kind: str
    """`task`, `output`, `reload`, or `missed` with the number of events that were lost."""
    data: dict[str, Any]


class Events:
    """Hands events to all clients, each with a place of its own among the last ones.

    A client that does not read loses the oldest ones, and is told how many.
    """

    def __init__(self) -> None:
        self._last: deque[Event] = deque(maxlen=REMEMBERED)
        self._number = 0
        self._clients = 0
        self._changed = asyncio.Event()
        self._closed = False

    @property
    def full(self) -> bool:
        """Whether there is no room for another client."""
        return self._clients >= CLIENTS

    def publish(self, kind: str, **data: Any) -> None:
        """Tell all clients."""
        self._number += 1
        self._last.append(Event(self._number, kind, data))
        self._wake()

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        self._wake()

    async def follow(self, since: int | None, seconds: float) -> AsyncGenerator[Event]:
        """Events as they come, for so long.

        Args:
            since: Number of the last event that the client has; None for only new ones.
            seconds: Until the end of the stream.
        """
        at = self._number if since is None or since > self._number else since
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        self._clients += 1
        try:
            while not self._closed and (left := end - loop.time()) > 0:
                missed = self._number - at - len(self._last)
                if missed > 0:
                    at += missed
                    yield Event(at, "missed", {"events": missed})
                for event in [one for one in self._last if one.number > at]:
                    at = event.number
                    yield event
                if at == self._number:
                    await self._wait(left)
        finally:
            self._clients -= 1

    async def _wait(self, seconds: float) -> None:
        changed = self._changed
        try:
            async with asyncio.timeout(seconds):
                await changed.wait()
        except TimeoutError:
            return

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
