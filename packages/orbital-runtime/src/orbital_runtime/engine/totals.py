"""What the engine counts over all tasks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class EngineTotals:
    """Since the start of the process, over all tasks."""

    samples: int = 0
    """Samples handed to the buffer, the runs' own reports left out."""
    refused: Counter[str] = field(default_factory=Counter[str])
    """Samples left out, by reason: `nan`, `not_a_number`, `not_a_sample`, `bad_label`, `duplicate`,
    `series_limit`, `device_series_limit`, `metric_series_limit`, `agent_series_limit`, `sample_limit`,
    `bad_timestamp`, `future`, `buffer` (it did not take them)."""
    cut_labels: int = 0
    """Labels that were cut because they were too long, each time that a series began."""
    stale: int = 0
    """Stale markers."""
    bugs: Counter[str] = field(default_factory=Counter[str])
    """Errors outside of the contract, by plugin."""
    emissions: Counter[str] = field(default_factory=Counter[str])
    """Calls of `emit`, by plugin."""
    restarts: Counter[str] = field(default_factory=Counter[str])
    """Receivers that ended by themselves and were begun again, by plugin."""
