"""How long to leave alone what does not answer. Pure: the clock is the caller's."""

from __future__ import annotations


class Backoff:
    """After the first failure it may be tried at once, then after 1, 2, 4... times `first`, up to `cap`.

    Args:
        first: Seconds.
        cap: Seconds.
        free: Failures that cost no pause.
    """

    __slots__ = ("_until", "cap", "failures", "first", "free")

    def __init__(self, first: float = 1.0, cap: float = 60.0, *, free: int = 1) -> None:
        self.first = first
        self.cap = cap
        self.free = free
        self.failures = 0
        """In a row."""
        self._until = 0.0

    def failed(self, now: float) -> None:
        """It failed at `now` (seconds of any clock that only goes on)."""
        self.failures += 1
        steps = self.failures - 1 - self.free
        self._until = now if steps < 0 else now + min(self.cap, self.first * 2.0 ** min(steps, 60))

    def worked(self) -> None:
        """It works again: forget the failures."""
        self.failures = 0
        self._until = 0.0

    def left(self, now: float) -> float:
        """Seconds until it may be tried; 0 if it may."""
        return max(0.0, self._until - now) if self.failures else 0.0
