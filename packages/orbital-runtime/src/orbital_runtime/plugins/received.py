"""What a receiver emitted since its task's last run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Received:
    """Counts; the next run tells them, and they begin anew."""

    given: int = 0
    """Samples that were emitted."""
    kept: int = 0
    """Of these, the samples that the buffer has."""
    added: int = 0
    """Series among them that were new."""
    left_out: int = 0
    """Samples above the limit of series."""
    too_many: str = ""
    """Why, for people."""
