"""Limits of one run."""

from __future__ import annotations

from dataclasses import dataclass, field

from orbital_cardinality import SeriesLimits


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What exceeds them is cancelled, or refused and counted."""

    max_execution_time: float = 300.0
    """Seconds of a run at most, whatever the timeout of its task."""
    samples: int = 1_000_000
    """Samples of one collection."""
    series: int = 1_000_000
    """Different series of one task within an hour."""
    shared: SeriesLimits = field(default_factory=SeriesLimits)
    """Series of a device, of a metric, and of all."""
    label_bytes: int = 1024
    """Bytes of one label value in UTF-8; longer ones are truncated."""
    future: float = 600.0
    """Seconds by which a timestamp of a device may be in the future."""
    cancel_grace: float = 1.0
    """Seconds for a cancelled collection to clean up before it is abandoned."""
    close: float = 5.0
    """Timeout of closing a session, in seconds."""
    retry_pause: float = 0.5
    """Seconds between two attempts of one run."""

    def timeout(self, asked: float) -> float:
        """Seconds of a run whose task has this timeout."""
        return min(asked, self.max_execution_time)
