"""Starts, changes, flushes and stops the processors of the agent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from orbital_runtime.agent import assembly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_runtime.agent.assembly import Stations
    from orbital_runtime.processor.chain import Chain
    from orbital_runtime.processor.processors import Running
    from orbital_runtime.settings import Loaded, Settings
    from orbital_sdk import Identity

FLUSH: Final = 1.0
"""Seconds between two flushes."""


async def change(
    stations: Stations, ready: Sequence[Running], loaded: Loaded, identity: Identity
) -> None:
    """Go on with these processors. The others give what they gathered, and stop."""
    engine = stations.engine
    gone = stations.processors.become(ready)
    before = engine.processing.all
    shape(stations, loaded.settings, identity)
    await engine.processing.settled()
    await _flush_and_stop(stations, gone, before)


def shape(stations: Stations, settings: Settings, identity: Identity) -> None:
    """Collect as this identity, within these limits, through the processors of now."""
    stations.engine.reconfigure(
        identity=identity,
        processors=stations.processors.all,
        by_task=stations.processors.by_task,
        limits=assembly.run_limits(settings),
    )


async def end(stations: Stations) -> None:
    """After the last run: stop receivers, flush and stop the processors before the buffer. Idempotent."""
    await stations.receivers.end()
    gone = stations.processors.become(stations.processors.of_outputs)
    await _flush_and_stop(stations, gone, stations.engine.processing.all)


async def end_outputs(stations: Stations) -> None:
    """After the last delivery: stop the processors of outputs. Idempotent."""
    await stations.processors.stop(stations.processors.become(()))


async def flush_regularly(stations: Stations) -> None:
    """Flush processors until cancelled."""
    while True:
        await asyncio.sleep(FLUSH)
        await stations.engine.flush()


async def _flush_and_stop(
    stations: Stations, gone: Sequence[Running], chains: Sequence[Chain]
) -> None:
    if gone:
        await stations.engine.flush(chains, last=[each.processor for each in gone])
        await stations.processors.stop(gone)
