"""Limits and usage of a buffer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Policy = Literal["drop_oldest", "drop_newest", "block"]


@dataclass(frozen=True, slots=True)
class BufferLimits:
    """Limits of a buffer; None: no limit."""

    samples: int | None = 1_000_000
    size: int | None = 256 << 20
    """Bytes of encoded records and layouts."""
    age: float | None = None
    """Seconds; older batches are dropped with the reason `age`."""
    policy: Policy = "drop_oldest"


@dataclass(frozen=True, slots=True)
class Usage:
    """Current contents of a buffer. A batch counts once, even if several outputs need it."""

    samples: int
    size: int
    """Bytes."""
    batches: int
    oldest_ms: int | None
    """Milliseconds UTC of the oldest batch; None if empty."""
    fill: float
    """0 to 1: the larger of the shares of its limits of samples and bytes."""
    unsaved: int = 0
    """Bytes of records that are in memory only because the disk cannot be written."""
    trouble: str = ""
    """Why the disk cannot be written, as a message; empty if it can, or there is none."""


@dataclass(frozen=True, slots=True)
class LetterLimits:
    """Limits of dead letters."""

    letters: int = 10_000
    size: int = 16 << 20
    """Bytes, as they are stored."""
    age: float | None = 30 * 86400
    """Seconds since the refusal; None: no limit."""


LETTERS: Final = LetterLimits()
