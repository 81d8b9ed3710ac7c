"""Exponential backoff with jitter. Pure: the random number is an argument."""

from __future__ import annotations

import math
from typing import Final

LONGEST_WISH: Final = 3600.0
"""Maximum of seconds for `Retry-After`."""


def backoff(
    failures: int, *, base: float, cap: float, chance: float, retry_after: float | None = None
) -> float:
    """Seconds until the next attempt: exponential, with full jitter.

    Source: M. Brooker, "Exponential Backoff and Jitter" (AWS Architecture Blog, 2015).

    Args:
        failures: Failed attempts in a row, from 1.
        base: Maximum after the first failure.
        cap: Maximum after many.
        chance: Uniform random number from 0 to 1.
        retry_after: Minimum asked for by the destination (RFC 9110, section 10.2.3).
    """
    highest = min(cap, base * 2.0 ** min(failures - 1, 64))
    wish = retry_after if retry_after is not None and math.isfinite(retry_after) else 0.0
    return max(chance * highest, min(wish, LONGEST_WISH))
