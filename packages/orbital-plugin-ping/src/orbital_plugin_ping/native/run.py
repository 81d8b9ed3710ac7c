"""The packets of one request while they are on their way."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from orbital_plugin_ping.pinger import Outcome

if TYPE_CHECKING:
    import asyncio

    from orbital_plugin_ping.pinger import Request


class Run:
    """One request, from its first packet to its last reply."""

    __slots__ = ("done", "due", "keys", "missing", "outcome", "request", "started")

    def __init__(self, request: Request, done: asyncio.Future[None]) -> None:
        self.request = request
        self.done = done
        self.outcome = Outcome()
        self.started = time.monotonic()
        self.keys: list[tuple[str, int]] = []
        """Under which its packets wait for their replies."""
        self.missing = 0
        """Packets that nobody has answered or refused yet."""
        self.due = 0.0
        """Where it stands in the agenda."""

    @property
    def all_sent(self) -> bool:
        return len(self.outcome.rtts) >= self.request.packets

    def next_packet(self) -> float:
        """`time.monotonic()` at which it is due."""
        return self.started + self.outcome.setup + self.request.gap * len(self.outcome.rtts)

    def unsendable(self, reason: str) -> None:
        """A packet could not leave this machine."""
        self._first()
        self.outcome.rtts.append(None)
        self.outcome.reason = reason

    def sent(self, key: tuple[str, int]) -> int:
        """A packet has left; returns its number."""
        self._first()
        self.outcome.rtts.append(None)
        self.keys.append(key)
        self.missing += 1
        return len(self.outcome.rtts) - 1

    def settle(self) -> None:
        """A packet that was missing is so no longer."""
        self.missing -= 1
        if not self.missing and self.all_sent:
            self.finish()

    def finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _first(self) -> None:
        if not self.outcome.rtts:
            self.outcome.setup = time.monotonic() - self.started


class Packet:
    """One echo request on its way."""

    __slots__ = ("answered", "number", "run", "sent", "settled", "token")

    def __init__(self, run: Run, number: int, token: bytes, sent: int) -> None:
        self.run = run
        self.number = number
        self.token = token
        self.sent = sent
        """`time.monotonic_ns()`."""
        self.settled = False
        """Answered, or refused by somebody on the way."""
        self.answered = False

    def answer(self, elapsed: float, hop_limit: int | None) -> None:
        """A reply, `elapsed` seconds after the packet."""
        outcome = self.run.outcome
        if self.answered:
            outcome.duplicates += 1
            return
        self.answered = True
        if elapsed <= self.run.request.timeout:
            outcome.rtts[self.number] = elapsed
            outcome.hop_limit = hop_limit
            self._settle()

    def refuse(self, reason: str) -> None:
        """An ICMP error. A true reply may still come, and counts."""
        self.run.outcome.reason = reason
        self._settle()

    def _settle(self) -> None:
        if not self.settled:
            self.settled = True
            self.run.settle()
