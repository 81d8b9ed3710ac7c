"""Outputs that nobody configures any more: what waits for them is kept for a while, and then let go."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Container

    from orbital_buffer.contract import Administration

log = logging.getLogger("orbital.agent")

LOOK: Final = 10.0
"""Seconds between two looks."""


async def expire_orphans(buffer: Administration, delivered: Container[str], age: float) -> None:
    """Look at them for ever. Begins when the configured outputs are attached, never before.

    Args:
        buffer: Where samples wait.
        delivered: Outputs that get theirs.
        age: Seconds for which an orphan is kept; 0: as long as the buffer holds.
    """
    for name in (one for one in buffer.orphans() if one not in delivered):
        log.warning(
            "output %s is not configured any more, %d samples wait for it: configure it again, or "
            "`sentinel buffer drop --output %s`", name, buffer.waiting(name), name,
        )  # fmt: skip
    pause = min(LOOK, max(age, 0.1)) if age else LOOK
    while True:
        buffer.expire_orphans(age or math.inf)
        await asyncio.sleep(pause)
