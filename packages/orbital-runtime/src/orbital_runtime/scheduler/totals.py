"""Counters of the scheduler, for telemetry."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from orbital_runtime.model import Run, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

LATENESS_BUCKETS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip
DURATION_BUCKETS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
)  # fmt: skip


class Histogram:
    """Observations in fixed buckets."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        """Inclusive upper bounds, ascending; there is one bucket above the last."""
        self.counts = [0] * (len(self.bounds) + 1)
        """Observations by bucket, not cumulative."""
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        return sum(self.counts)

    def quantile(self, q: float) -> float:
        """The upper bound of the bucket of this quantile; infinity for the last bucket."""
        rank, seen = q * self.count, 0
        for bound, count in zip(self.bounds, self.counts, strict=False):
            seen += count
            if seen >= rank:
                return bound
        return float("inf")


@dataclass(slots=True)
class Totals:
    """Sums over all tasks since the start of the process."""

    runs: int = 0
    success: int = 0
    failed: int = 0
    missed: int = 0
    """Ticks at which a run could not start in time."""
    skipped: Counter[str] = field(default_factory=Counter[str])
    """Skipped ticks by reason: `backoff`, `backpressure`, `paused`."""
    cancelled: int = 0
    """Runs that were cancelled at the stop."""
    lateness: Histogram = field(default_factory=lambda: Histogram(LATENESS_BUCKETS))
    """Seconds from the tick to the start of a run."""
    duration: Histogram = field(default_factory=lambda: Histogram(DURATION_BUCKETS))
    """Seconds of a run."""

    def enter(self, run: Run) -> None:
        """Count a finished run."""
        self.runs += 1
        if run.status is Status.SUCCESS:
            self.success += 1
        else:
            self.failed += 1
        self.duration.observe(run.duration)
