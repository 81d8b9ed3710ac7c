"""Outputs that are not configured any more: their samples are kept for a while, then dropped."""

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
"""Seconds between two checks."""


async def expire_orphans(buffer: Administration, delivered: Container[str], age: float) -> None:
    """Expire orphans until cancelled. Must start after the configured outputs are attached.

    Args:
        buffer: Holds the samples.
        delivered: Outputs of extensions and of the configuration.
        age: Seconds for which an orphan is kept; 0: no limit.
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
