"""Counts of what a receiver emitted since its task's last run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Received:
    """Reported by the next run, which resets them."""

    given: int = 0
    """Samples that were emitted."""
    kept: int = 0
    """Emitted samples that the buffer accepted."""
    added: int = 0
    """New series among them."""
    left_out: int = 0
    """Samples left out because they exceed the limit of series."""
    too_many: str = ""
    """The reason, as a message."""
