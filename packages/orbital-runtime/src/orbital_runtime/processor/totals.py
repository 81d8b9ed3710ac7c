"""What the processors of this process did."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Failure:
    """A processor failed, once or more often."""

    words: str
    """Of the last time."""
    first: float
    """Seconds UTC."""
    last: float
    """`time.monotonic()`."""


@dataclass(slots=True)
class ChainTotals:
    """Since the start of the process, by processor."""

    dropped: Counter[str] = field(default_factory=Counter[str])
    """Samples that it left out."""
    made: Counter[str] = field(default_factory=Counter[str])
    """Samples that are new: of rows that it added, and what it gathered."""
    errors: Counter[str] = field(default_factory=Counter[str])
    """Calls that failed."""
    lost: Counter[str] = field(default_factory=Counter[str])
    """Samples lost in such calls."""
    failures: dict[str, Failure] = field(default_factory=dict[str, Failure])
    """When, and by what."""

    def fail(self, processor: str, words: str) -> None:
        """It failed just now."""
        before = self.failures.get(processor)
        first = before.first if before else time.time()
        self.failures[processor] = Failure(words, first, time.monotonic())
        self.errors[processor] += 1
