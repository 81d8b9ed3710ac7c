"""Runs every task once and delivers the samples, for `collect`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orbital_runtime.agent import processing
from orbital_runtime.agent.agent import LAST_FLUSH
from orbital_sdk.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from orbital_runtime.agent.agent import Agent
    from orbital_runtime.agent.assembly import Stations
    from orbital_runtime.model import Run, Task

    OnRun = Callable[[Task, Run], None]


async def once(
    agent: Agent, on_run: OnRun | None = None, *, patience: float = LAST_FLUSH
) -> tuple[list[tuple[Task, Run]], list[str]]:
    """Run every task once, deliver the samples, and stop.

    Args:
        agent: Not started.
        on_run: Called with each run as it ends.
        patience: Seconds in which samples must be delivered, or be in flight without errors; otherwise the
            rest is given up.

    Returns:
        Every task with its run, in the configuration's order; and what was not delivered, in sentences.
    """
    tasks, stations = agent.loaded.tasks, agent.stations
    await stations.buffer.open()
    before = _undelivered_counts(stations)
    await agent.start_once()
    last_flush = LAST_FLUSH
    try:
        runs = await asyncio.gather(*(_run(stations, task, on_run) for task in tasks))
        await _deliver(stations, patience)
        last_flush = 0
    finally:
        await agent.stop(last_flush)
    return runs, list(_undelivered(stations, before))


async def _run(stations: Stations, task: Task, on_run: OnRun | None) -> tuple[Task, Run]:
    run = await stations.scheduler.trigger(task.key)
    if on_run is not None:
        on_run(task, run)
    return task, run


async def _deliver(stations: Stations, patience: float) -> None:
    """Deliver all waiting samples, as long as there is progress."""
    await processing.end(stations)
    await stations.committer.flush()
    arrived, before = True, stations.sender.status()
    while arrived and not await stations.sender.flush(patience):
        now = stations.sender.status()
        arrived = any(one.flows_since(before[name]) for name, one in now.items())
        before = now


def _undelivered_counts(stations: Stations) -> dict[str, int]:
    """Dropped and dead-lettered samples, by output."""
    accounts = stations.buffer.ledger.accounts().items()
    return {name: one.dead_lettered + one.dropped.total() - one.left_out for name, one in accounts}


def _undelivered(stations: Stations, before: Mapping[str, int]) -> Iterator[str]:
    accounts = stations.buffer.ledger.accounts()
    for name, gone in _undelivered_counts(stations).items():
        if missing := accounts[name].waiting + gone - before.get(name, 0):
            yield f"{plural(missing, 'sample was', 'samples were')} not delivered to output {name}"
    for reason, lost in stations.committer.lost.items():
        yield f"{plural(lost, 'sample')} never got into the buffer: {reason}"
