"""Circuit breaker. Pure."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Named as in metrics."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Closed → open after `failures` consecutive ones → half-open after `reset` seconds, for one probe.

    Not thread-safe. Times are steady seconds.
    """

    def __init__(self, *, failures: int = 5, reset: float = 30.0) -> None:
        self._threshold = failures
        self._reset = reset
        self._failures = 0
        self.state = State.CLOSED
        self.probe_at = 0.0
        """Steady seconds of the next probe, while open."""

    def allow(self, now: float) -> bool:
        """Whether an attempt may start. The first one after `reset` is the probe."""
        if self.state is State.CLOSED:
            return True
        if self.state is State.OPEN and now >= self.probe_at:
            self.state = State.HALF_OPEN
            return True
        return False

    def success(self) -> None:
        self._failures = 0
        self.state = State.CLOSED

    def failure(self, now: float) -> None:
        self._failures += 1
        if self.state is State.HALF_OPEN or self._failures >= self._threshold:
            self.state = State.OPEN
            self.probe_at = now + self._reset

    def abandon(self, now: float) -> None:
        """The probe ended without a result (cancelled): another one may start at once."""
        if self.state is State.HALF_OPEN:
            self.state = State.OPEN
            self.probe_at = now

    def probe_now(self, now: float) -> None:
        """Allow the probe now if the breaker is open."""
        self.probe_at = min(self.probe_at, now)
