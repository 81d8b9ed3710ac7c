"""What was found out about names, and for how long it holds."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import socket

    from orbital_resolver.address import NumericAddress
    from orbital_resolver.errors import Failure

Key = tuple[str, "socket.AddressFamily | int"]
"""A name, and the address family that was asked for; 0 is any."""

SHORTEST, LONGEST = 5.0, 300.0
"""Bounds in seconds on how long an answer holds, whatever its TTL says."""
FAILED: Final = 5.0
"""Seconds for which a failure holds."""
OUTDATED: Final = 3600.0
"""Seconds for which addresses are kept in case that the name servers fail."""
MOST: Final = 10_000
"""Names kept; the one that was not asked for the longest goes first."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known about one name."""

    until: float
    """When to ask again."""
    places: tuple[NumericAddress, ...] = ()
    """The last addresses, ..."""
    kept_until: float = -math.inf
    """... and until when they may be used at all."""
    failure: Failure | None = None
    """What the last look-up ended with, where it found nothing."""
    since: float = -math.inf
    """When it failed."""


class Cache:
    """Entries by name, the least recently used first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._entries: OrderedDict[Key, Entry] = OrderedDict()

    def get(self, key: Key) -> Entry | None:
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def found(self, key: Key, places: tuple[NumericAddress, ...], ttl: float, now: float) -> Entry:
        """Addresses came, good for `ttl` seconds."""
        holds = min(max(ttl, SHORTEST), LONGEST)
        return self._put(key, Entry(now + holds, places, now + holds + OUTDATED))

    def failed(self, key: Key, failure: Failure, now: float) -> Entry:
        """Nothing came. The addresses from before stay, unless a name server says that there are none."""
        before = self._entries.get(key)
        if before is None or failure.final:
            before = Entry(-math.inf)
        return self._put(key, replace(before, until=now + FAILED, failure=failure, since=now))

    def expire(self) -> None:
        """Ask anew about all names."""
        for key, entry in self._entries.items():
            self._entries[key] = replace(entry, until=-math.inf, since=-math.inf)

    def _put(self, key: Key, entry: Entry) -> Entry:
        self._entries[key] = entry
        self._entries.move_to_end(key)
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)
        return entry
