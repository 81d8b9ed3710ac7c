"""What one run may take and give."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunLimits:
    """The rest is cancelled, or refused and counted."""

    max_execution_time: float = 300.0
    """Seconds a run may take, whatever its task says."""
    samples: int = 1_000_000
    """Samples of one collection."""
    series: int = 1_000_000
    """Different series of one task within an hour."""
    label_bytes: int = 1024
    """Bytes of one label value, in UTF-8; what is longer is cut."""
    future: float = 600.0
    """Seconds by which a device's own timestamp may be ahead of ours."""
    cancel_grace: float = 1.0
    """Seconds a cancelled collection gets to clean up before it is abandoned."""
    close: float = 5.0
    """Seconds that closing a session may take."""
    retry_pause: float = 0.5
    """Seconds between two attempts of one run."""

    def timeout(self, asked: float) -> float:
        """Seconds that the run of a task may take which asks for so many."""
        return min(asked, self.max_execution_time)
