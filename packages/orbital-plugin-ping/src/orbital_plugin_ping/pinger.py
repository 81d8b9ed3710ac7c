"""The port: what an engine that sends echo requests takes and gives."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from orbital_plugin_ping.address import Address


class Request(NamedTuple):
    """Some packets to one host."""

    address: Address
    packets: int
    gap: float
    """Seconds between two packets."""
    timeout: float
    """Seconds to wait for each reply; one that comes later is lost."""
    end: float
    """`time.monotonic()` at which the run is over, whatever is still missing."""


@dataclass(slots=True)
class Outcome:
    """What became of them."""

    rtts: list[float | None] = field(default_factory=list[float | None])
    """Seconds, one a packet in the order of sending; None for a lost one. Fewer than asked for where the
    time was too short to send all."""
    setup: float = 0.0
    """Seconds from the request to its first packet."""
    duplicates: int = 0
    """Further replies to a packet, counted while the run lasts."""
    hop_limit: int | None = None
    """TTL of the last reply, where the engine can see it."""
    reason: str = ""
    """Why a packet was lost, if anyone said so."""


class Pinger(Protocol):
    """An engine. Life: `start`, many `ping` at once, `stop`."""

    families: frozenset[int]
    """Address families that it can send to, once started."""

    async def start(self) -> None:
        """Open the sockets.

        Raises:
            PermissionError: This process may open no kind of ICMP socket.
            OSError: Another reason why no socket could be opened.
        """
        ...

    async def stop(self) -> None:
        """Close them. Safe without `start`, and safe twice."""
        ...

    async def ping(self, request: Request) -> Outcome:
        """Send and wait. A cancelled call leaves nothing behind."""
        ...


def plan(address: Address, *, count: int, gap: float, timeout: float, seconds: float) -> Request:
    """Fit a run into what is left of its time: half of it at most goes to waiting for the last reply, and the
    packets leave closer together where the rest is too short for their gap.

    Args:
        address: Where to.
        count: Packets.
        gap: Seconds between them, as wished.
        timeout: Seconds to wait for each reply, as wished.
        seconds: What is left.
    """
    steps = count - 1
    room = max(0.0, seconds - min(timeout, seconds / 2))
    if steps and gap * steps > room:
        gap = room / steps
    return Request(address, count, gap, timeout, time.monotonic() + seconds)
