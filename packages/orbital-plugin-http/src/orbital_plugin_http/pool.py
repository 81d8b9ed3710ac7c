"""Connections kept open between runs, for those who ask for it."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Hashable

    from orbital_plugin_http.wire import Wire

MOST: Final = 1000
"""Connections kept; the one that waits longest goes first."""
LONGEST: Final = 300.0
"""Seconds for which an unused connection is kept."""


class Pool:
    """At most one idle connection for each key."""

    def __init__(self, most: int = MOST, longest: float = LONGEST) -> None:
        self._most = most
        self._longest = longest
        self._idle: OrderedDict[Hashable, tuple[Wire, float]] = OrderedDict()

    def take(self, key: Hashable) -> Wire | None:
        """A connection that is still open, now the caller's."""
        kept = self._idle.pop(key, None)
        if kept is None:
            return None
        if kept[0].idle():
            return kept[0]
        kept[0].close()
        return None

    def put(self, key: Hashable, wire: Wire) -> None:
        """Keep a connection; it is the pool's now."""
        wire.rest()
        now = time.monotonic()
        before = self._idle.pop(key, None)
        if before:
            before[0].close()
        self._idle[key] = wire, now
        while self._idle:
            oldest = next(iter(self._idle))
            if len(self._idle) <= self._most and now - self._idle[oldest][1] <= self._longest:
                return
            self._idle.pop(oldest)[0].close()

    def close(self) -> None:
        """Close all of them."""
        while self._idle:
            self._idle.popitem()[1][0].close()
