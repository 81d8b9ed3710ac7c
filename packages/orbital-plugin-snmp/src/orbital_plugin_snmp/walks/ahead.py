"""Requests of a walk that are sent before the answers to those in front of them have come.

A device that has the same rows as last time will be asked the same. So what will be asked is known, and need
not wait for the way there and back of each request; and the agent is woken once for several answers. How many
go at once is learned: see `Learned.ahead`.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING

from orbital_plugin_snmp.wire.ber import WireError

if TYPE_CHECKING:
    from orbital_plugin_snmp.engines.port import Flight, Session
    from orbital_plugin_snmp.walks.learned import Route, Step


class Ahead:
    """What is on its way.

    Args:
        session: The device.
        route: The requests that will be made, if all is as last time.
        most: How many of them at once.
        deadline: `time.monotonic()` at which the walk ends.
    """

    def __init__(self, session: Session, route: Route, most: int, deadline: float) -> None:
        self._session = session
        self._left = deque(route if most > 1 else ())
        self._most = most
        self._deadline = deadline
        self._flying: deque[tuple[Step, Flight]] = deque()
        self.astray = False
        """Whether the walk went another way than expected."""

    async def take(self, step: Step) -> Flight | None:
        """The flight of this request, which is the next one; None where it was not sent."""
        if self.astray or not (self._flying or self._left):
            return None
        if (self._flying[0][0] if self._flying else self._left[0]) != step:
            self.astray = True
            self.drop()
            return None
        if not self._flying:
            self._launch()
            await self._gather()
        if not self._flying:  # no room: it goes as any other
            self._left.popleft()
            return None
        return self._flying.popleft()[1]

    def drop(self) -> None:
        """Nobody wants what is still on its way."""
        for _, flight in self._flying:
            flight.answer.cancel()
        self._flying.clear()

    def _launch(self) -> None:
        now = time.monotonic()
        deadline = now + (self._deadline - now) / 2
        while self._left and len(self._flying) < self._most:
            asked, repetitions = self._left[0]
            flight = self._session.ahead(asked, repetitions, deadline)
            if flight is None:
                return
            self._flying.append((self._left.popleft(), flight))

    async def _gather(self) -> None:
        """Wait for the last one, behind which the others are there as well: to be woken once is cheapest."""
        if self._flying:
            with contextlib.suppress(TimeoutError, WireError):
                await self._flying[-1][1].answer
