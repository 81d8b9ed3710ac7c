"""Who is connected: so many at once, and so many from one address.

Whoever comes when all places are taken gets that of the one who has been silent for longest, so that nobody
shuts others out by holding on.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Bounds:
    """What connections may take."""

    all: int = 128
    """Connections at once; few enough to leave descriptors for collecting."""
    each: int = 32
    """Those of one address."""
    head: float = 10
    """Seconds until a request has come, from its first byte or from the connection's begin."""
    total: float = 60
    """Seconds from there until its answer is gone."""
    idle: float = 30
    """Seconds of silence after an answer."""


class Guest(Protocol):
    """One connection."""

    address: str
    since: float
    """When it last connected, or got an answer."""

    @property
    def busy(self) -> bool:
        """Whether a request of it is being answered."""
        ...

    def dismiss(self) -> None:
        """Close it at once."""
        ...


class Guests:
    """Those who are connected now.

    Args:
        bounds: How many may be.
    """

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.dismissed: Counter[str] = Counter(crowded=0, late=0)
        """Connections that were closed, by reason."""
        self._here: set[Guest] = set()

    def __len__(self) -> int:
        return len(self._here)

    def welcome(self, guest: Guest) -> None:
        """Take it in, at the cost of others where there are too many; of itself where all are busy."""
        self._here.add(guest)
        neighbours = [one for one in self._here if one.address == guest.address]
        if len(neighbours) > self.bounds.each:
            self._make_room(neighbours)
        elif len(self._here) > self.bounds.all:
            self._make_room(self._here)

    def leave(self, guest: Guest) -> None:
        """It is gone."""
        self._here.discard(guest)

    def dismiss(self, guest: Guest, reason: str) -> None:
        """Send it away."""
        self.dismissed[reason] += 1
        self.leave(guest)
        guest.dismiss()

    def _make_room(self, among: Iterable[Guest]) -> None:
        silent = (one for one in among if not one.busy)
        self.dismiss(min(silent, key=lambda one: one.since), "crowded")
