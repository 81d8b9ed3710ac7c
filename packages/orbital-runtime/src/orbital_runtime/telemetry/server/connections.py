"""Open connections, limited in total and for each address.

A new connection beyond a limit closes the one that has been idle for longest, so that idle clients cannot
shut others out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Limits of connections and their deadlines."""

    all: int = 128
    """Maximum connections; leaves file descriptors for collecting."""
    each: int = 32
    """Maximum connections from one address."""
    head: float = 10
    """Seconds to receive a whole request, from its first byte or from connecting."""
    total: float = 60
    """Seconds from the same start until the response is sent."""
    idle: float = 30
    """Seconds without a request after a response."""


class Connection(Protocol):
    """One connection."""

    address: str
    since: float
    """When it connected, or its last response was sent."""

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        ...

    def abort(self) -> None:
        """Close it at once."""
        ...


class Connections:
    """The open connections of one socket.

    Args:
        limits: Maximum numbers and deadlines.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.dropped: Counter[str] = Counter(crowded=0, late=0)
        """Connections closed by us, by reason."""
        self._here: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._here)

    def add(self, connection: Connection) -> None:
        """Add a new connection. Above a limit an idle one is closed, or this one if all are busy."""
        self._here.add(connection)
        neighbours = [one for one in self._here if one.address == connection.address]
        if len(neighbours) > self.limits.each:
            self._make_room(neighbours)
        elif len(self._here) > self.limits.all:
            self._make_room(self._here)

    def remove(self, connection: Connection) -> None:
        """Remove a closed connection."""
        self._here.discard(connection)

    def drop(self, connection: Connection, reason: str) -> None:
        """Close it, and count the reason."""
        self.dropped[reason] += 1
        self.remove(connection)
        connection.abort()

    def _make_room(self, among: Iterable[Connection]) -> None:
        silent = (one for one in among if not one.busy)
        self.drop(min(silent, key=lambda one: one.since), "crowded")
