"""The processors' part in the life of the agent: begun before the first run, changed by a reload, flushed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from orbital_runtime.agent import assembly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_runtime.agent.assembly import Stations
    from orbital_runtime.processor.chain import Chain
    from orbital_runtime.processor.processors import Running
    from orbital_runtime.settings import Loaded
    from orbital_sdk import Identity

FLUSH: Final = 1.0
"""Seconds between two questions for what was gathered."""


async def change(
    stations: Stations, ready: Sequence[Running], loaded: Loaded, identity: Identity
) -> None:
    """Go on with these processors. The others give what they gathered, and stop."""
    processors, engine = stations.processors, stations.engine
    gone = processors.become(ready)
    before = engine.processing.chain
    engine.reconfigure(
        identity=identity,
        processors=processors.all,
        limits=assembly.run_limits(loaded.settings),
    )
    await engine.processing.settled()
    await _let_go(stations, gone, before)


async def end(stations: Stations) -> None:
    """No run comes any more: receivers end, processors give what they gathered, and stop. Safe twice."""
    await stations.receivers.end()
    gone = stations.processors.become(())
    await _let_go(stations, gone, stations.engine.processing.chain)


async def flush_regularly(stations: Stations) -> None:
    """Hand over what processors gathered, as it is due."""
    while True:
        await asyncio.sleep(FLUSH)
        await stations.engine.flush()


async def _let_go(stations: Stations, gone: Sequence[Running], chain: Chain) -> None:
    if gone:
        await stations.engine.flush(chain, last=[each.processor for each in gone])
        await stations.processors.stop(gone)
