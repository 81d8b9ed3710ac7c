"""How often, and how soon, a disk that refused something is asked again before memory has to do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

RETRY: Final = 3.0
"""Seconds of pauses, in which most faults of a disk are over."""
SHORTEST: Final = 0.01
LONGEST: Final = 0.25
SLOW: Final = 4
"""A disk that takes its time to refuse is asked for so many times as long, and no longer."""


def pauses(seconds: float) -> Iterator[float]:
    """Seconds to wait before each further try: none before the first one, then growing ones, this long
    together.
    """
    until = time.monotonic() + SLOW * seconds
    pause, left = 0.0, seconds
    yield pause
    while left > 0 and time.monotonic() < until:
        pause = min(max(SHORTEST, 2 * pause), LONGEST, left)
        left -= pause
        yield pause
