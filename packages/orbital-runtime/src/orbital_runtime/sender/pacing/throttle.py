"""Keeps the backlog to a rate. Pure: the time is passed in."""

from __future__ import annotations


class Throttle:
    """So many samples a second, in requests of no more than one second's worth.

    Args:
        rate: Samples a second; None: no limit.
    """

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._free_at = 0.0

    def held(self, now: float) -> float:
        """Seconds until the next request may go; 0 or less: now."""
        return self._free_at - now

    def most(self, size: int) -> int:
        """Samples of one request, of `size` at most."""
        return size if self._rate is None else max(1, min(size, round(self._rate)))

    def spend(self, samples: int, now: float) -> None:
        """So many go out now."""
        if self._rate is not None:
            self._free_at = max(now, self._free_at) + samples / self._rate
