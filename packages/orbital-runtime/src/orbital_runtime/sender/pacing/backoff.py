"""How long to wait after a failed attempt. Pure: chance is passed in."""

from __future__ import annotations

import math
from typing import Final

LONGEST_WISH: Final = 3600.0
"""Seconds; a destination that asks for more gets this."""


def backoff(
    failures: int, *, base: float, cap: float, chance: float, retry_after: float | None = None
) -> float:
    """Seconds until the next attempt: exponential, with full jitter.

    Source: M. Brooker, "Exponential Backoff and Jitter" (AWS Architecture Blog, 2015).

    Args:
        failures: Failed attempts in a row, from 1.
        base: Upper end after the first failure.
        cap: Upper end after many.
        chance: 0 to 1, evenly spread.
        retry_after: What the destination asked for (RFC 9110, section 10.2.3); never undercut.
    """
    highest = min(cap, base * 2.0 ** min(failures - 1, 64))
    wish = retry_after if retry_after is not None and math.isfinite(retry_after) else 0.0
    return max(chance * highest, min(wish, LONGEST_WISH))
