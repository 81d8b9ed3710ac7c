"""How long the event loop is held at a time."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

TICK: Final = 0.001
"""Seconds between two looks."""


@dataclass(slots=True)
class Holds:
    """What a timer beside the work saw. Others on the machine make it late, too: they cost no CPU of ours."""

    late: float = 0.0
    """The longest time that it was late, in milliseconds."""
    cpu: float = 0.0
    """The most CPU that the loop's thread took between two ticks, in milliseconds."""


@asynccontextmanager
async def watched() -> AsyncGenerator[Holds]:
    """Watch the loop while this goes on."""
    holds = Holds()
    ticking = asyncio.create_task(_tick(holds))
    await asyncio.sleep(0)
    try:
        yield holds
        await asyncio.sleep(2 * TICK)  # the last step counts, too
    finally:
        ticking.cancel()


async def _tick(holds: Holds) -> None:
    while True:
        due, spent = time.perf_counter() + TICK, time.thread_time()
        await asyncio.sleep(TICK)
        holds.late = max(holds.late, (time.perf_counter() - due) * 1000)
        holds.cpu = max(holds.cpu, (time.thread_time() - spent) * 1000)
