"""What the processors of this process did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


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
