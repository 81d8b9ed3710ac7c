"""The time that records are stamped with and aged by."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Handed in by whoever makes a buffer."""

    def steady(self) -> float:
        """Seconds that never jump, near to UTC: they are compared with those of earlier processes."""
        ...

    def utc_ms(self) -> int:
        """Milliseconds UTC, as the wall clock says now."""
        ...
