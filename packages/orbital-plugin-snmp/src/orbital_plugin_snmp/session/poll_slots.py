"""How many polls are at work at once, so that a busy machine finishes some instead of none.

A poll has a deadline. Where hundreds begin together and there is less processor time than they need, all of
them would run into it, with most of their work done. So some begin, and who waits has cost nothing yet. The
next one is who came last: it has the most time left. A poll that waits for its device needs no processor: its
place is for the others.
"""

from __future__ import annotations

import asyncio
from typing import Final

from orbital_plugin_snmp.engines.slots import Slots

AT_WORK: Final = 64
LOOK: Final = 0.25
"""Seconds between two looks at who has a place, while others wait for one. Who had it as long may only be
waiting for a device, ..."""
BUSY: Final = 0.05
"""... unless the look itself came so many seconds late: then all wait for the processor."""


class PollSlot:
    """Of one poll."""

    __slots__ = ("holds", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self.holds = True
        """Whether others wait for it."""


class PollSlots:
    """The places of all polls of one event loop.

    Args:
        size: How many.
    """

    def __init__(self, size: int = AT_WORK) -> None:
        self._slots = Slots(size, newest_first=True)
        self._taken: set[PollSlot] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    async def take(self) -> PollSlot:
        """Begin to work; `give` it back in any case."""
        loop = asyncio.get_running_loop()
        if not self._slots.take_at_once():
            self._look_later(loop)
            await self._slots.take()
        place = PollSlot(loop.time())
        self._taken.add(place)
        return place

    def give(self, place: PollSlot) -> None:
        """The poll is over."""
        self._taken.discard(place)
        self._let_go(place)

    def _let_go(self, place: PollSlot) -> None:
        if place.holds:
            place.holds = False
            self._slots.give()

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is None:
            self._due = loop.time() + LOOK
            self._timer = loop.call_at(self._due, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer, now = None, loop.time()
        if now - self._due < BUSY:
            for place in self._taken:
                if place.since + LOOK <= now:
                    self._let_go(place)
        if self._slots.wanted:
            self._look_later(loop)
