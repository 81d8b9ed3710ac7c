"""Times of what arrives: two values of one series never have the same one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable


def _utc_ms() -> int:
    return time.time_ns() // 1_000_000


STEP: Final = 1000
"""Milliseconds by which the wall clock may go back before we believe it."""


class Times:
    """A clock that is ahead of everything that was handed over already.

    Args:
        clock: Milliseconds UTC.
    """

    def __init__(self, clock: Callable[[], int] = _utc_ms) -> None:
        self._clock = clock
        self._used = -1

    def now(self) -> int:
        """Milliseconds UTC."""
        now = self._clock()
        return self._used + 1 if 0 <= self._used - now < STEP else now

    def used(self, ts: int) -> None:
        """Samples of this time were handed over."""
        self._used = ts
