"""Rate limit of the backlog. Pure: the time is an argument."""

from __future__ import annotations


class Throttle:
    """Limits samples per second, in requests of at most one second's samples.

    Args:
        rate: Samples a second; None: no limit.
    """

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._free_at = 0.0

    def held(self, now: float) -> float:
        """Seconds until the next request may be sent; 0 or less: now."""
        return self._free_at - now

    def most(self, size: int) -> int:
        """Samples of one request, at most `size`."""
        return size if self._rate is None else max(1, min(size, round(self._rate)))

    def spend(self, samples: int, now: float) -> None:
        """Count samples that are sent now."""
        if self._rate is not None:
            self._free_at = max(now, self._free_at) + samples / self._rate
