"""Totals of the processors since the start of the process."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Failure:
    """The failures of one processor."""

    words: str
    """Message of the last failure."""
    first: float
    """Time of the first failure, in seconds UTC."""
    last: float
    """Time of the last failure, from `time.monotonic()`."""
    count: int
    """Failed calls."""


@dataclass(slots=True)
class ChainTotals:
    """Counts since the start of the process, by processor."""

    dropped: Counter[str] = field(default_factory=Counter[str])
    """Samples that it dropped."""
    made: Counter[str] = field(default_factory=Counter[str])
    """Samples that it made: of rows that it added, and gathered ones."""
    errors: Counter[str] = field(default_factory=Counter[str])
    """Calls that failed."""
    lost: Counter[str] = field(default_factory=Counter[str])
    """Samples lost in such calls."""
    failures: dict[str, Failure] = field(default_factory=dict[str, Failure])
    """Time and message of the failures."""

    def fail(self, processor: str, words: str) -> None:
        """Record a failure at the current time."""
        before = self.failures.get(processor)
        first, count = (before.first, before.count) if before else (time.time(), 0)
        self.failures[processor] = Failure(words, first, time.monotonic(), count + 1)
        self.errors[processor] += 1
