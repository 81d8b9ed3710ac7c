"""Pauses between retries of a failed write, before new records stay in memory."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

RETRY: Final = 3.0
"""Total seconds of pauses, after which most disk faults are over."""
SHORTEST: Final = 0.01
LONGEST: Final = 0.25
SLOW: Final = 4
"""If failing itself takes time, retries end after this multiple of the total."""


def pauses(seconds: float) -> Iterator[float]:
    """Seconds to wait before each retry: 0 before the first, then growing pauses with this total."""
    until = time.monotonic() + SLOW * seconds
    pause, left = 0.0, seconds
    yield pause
    while left > 0 and time.monotonic() < until:
        pause = min(max(SHORTEST, 2 * pause), LONGEST, left)
        left -= pause
        yield pause
