"""How much a buffer may hold, and how much it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Policy = Literal["drop_oldest", "drop_newest", "block"]


@dataclass(frozen=True, slots=True)
class BufferLimits:
    """How much a buffer may hold before its policy acts; None = no such limit."""

    samples: int | None = 1_000_000
    size: int | None = 256 << 20
    """Bytes of encoded records and layouts."""
    age: float | None = None
    """Seconds; older batches are dropped under the reason `age`."""
    policy: Policy = "drop_oldest"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a buffer holds now. A batch counts once, however many outputs need it."""

    samples: int
    size: int
    """Bytes."""
    batches: int
    oldest_ms: int | None
    """Milliseconds UTC of the oldest batch, None when empty."""
    fill: float
    """0 to 1: the fuller one of its limits of samples and bytes."""
    unsaved: int = 0
    """Bytes of records that are in memory only, because the disk does not take them."""
    trouble: str = ""
    """Why it does not, in words; empty when all is well or there is no disk."""


@dataclass(frozen=True, slots=True)
class LetterLimits:
    """How many dead letters are kept."""

    letters: int = 10_000
    size: int = 16 << 20
    """Bytes, as they are stored."""
    age: float | None = 30 * 86400
    """Seconds since the refusal; None: no limit."""


LETTERS: Final = LetterLimits()
