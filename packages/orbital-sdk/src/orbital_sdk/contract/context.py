"""What a run of a task is told, and what an attempt at delivery is told."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Context:
    """One run of one task, as the plugin sees it."""

    task: str
    """Id of the task."""
    device_id: str
    timeout: float
    """Seconds this run may take, from its start."""
    deadline: float
    """`time.monotonic()` at which the run is cancelled."""
    log: logging.Logger | logging.LoggerAdapter[Any] = field(
        default_factory=lambda: logging.getLogger("orbital.plugin")
    )
    measured: dict[str, float] = field(default_factory=dict[str, float])
    """What a plugin may tell people about this run: counts such as `requests`, `bytes` and `retries`, and
    durations of its phases such as `connect_seconds`. No samples are made of it, and it does not leave a
    plugin's own process."""

    def remaining(self) -> float:
        """Seconds left before the deadline, never below zero."""
        return max(0.0, self.deadline - time.monotonic())


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at delivering one group of batches."""

    number: int = 1
    """1 for the first. Above 1 an earlier attempt failed, maybe after the destination stored the data."""
    token: str = ""
    """The same for every attempt at the same batches: a key for destinations that deduplicate."""
