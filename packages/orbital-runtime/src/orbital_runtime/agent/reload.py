"""A reload is a difference applied: what is equal in both configurations is not touched."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from orbital_runtime.agent import assembly
from orbital_runtime.telemetry import logs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orbital_runtime.agent.assembly import Stations
    from orbital_runtime.scheduler.task import Task
    from orbital_runtime.settings import Loaded, Settings
    from orbital_sdk import Identity

log = logging.getLogger("orbital.agent")

PORTION: Final = 2000
"""New tasks that are taken on in one go."""
PATIENCE: Final = 3.0
"""Seconds for which tasks wait for the start of their plugins."""


async def apply(stations: Stations, old: Loaded, new: Loaded, identity: Identity) -> None:
    """Go over from `old` to `new`: outputs first, so that no sample finds its new output missing. Tasks
    come after it.
    """
    _logs(old.settings, new.settings)
    await _outputs(stations, old, new)
    _numbers(stations, new.settings)
    if _shapes_samples(old) != _shapes_samples(new):
        stations.engine.reconfigure(
            identity=identity,
            processors=assembly.processors(new),
            limits=assembly.run_limits(new.settings),
        )


async def tasks(stations: Stations, wanted: Sequence[Task]) -> None:
    """Run these tasks from now on; plugins start before their first task and stop after their last.

    A plugin that is slow to start holds nobody else: its runs fail with that reason until it is there.
    """
    scheduler, known = stations.scheduler, stations.scheduler.states()
    ours = [task for task in wanted if scheduler.assignment.mine(task)]
    before = [task for task, _ in known.values()]
    await asyncio.sleep(0)  # each of these lists is of all tasks: runs get their turn in between
    fresh = [task for task in ours if task.key not in known]
    await asyncio.sleep(0)
    down, same = stations.instances.failed(), set(map(id, before))
    await _start(
        stations,
        [t for t in ours if (id(t) not in same or t.plugin in down) and t.key in known],
    )
    for start in range(0, len(fresh), PORTION):
        await _start(stations, fresh[start : start + PORTION])
        scheduler.add(fresh[start : start + PORTION])  # what runs goes on meanwhile
        await asyncio.sleep(0)
    for task in scheduler.apply(ours).removed:
        await stations.instances.release(task)


async def _start(stations: Stations, some: Sequence[Task]) -> None:
    """The plugins of these tasks, as long as our patience lasts."""
    starting = asyncio.gather(*(stations.instances.acquire(task) for task in some))
    await asyncio.wait({starting}, timeout=PATIENCE)


def _logs(old: Settings, new: Settings) -> None:
    if old.logging == new.logging:
        return
    try:
        logs.configure(new.logging)
    except OSError as error:
        log.error("logging.file_path: %s; lines go where they went before", error)  # noqa: TRY400 (the sentence says it all)


async def _outputs(stations: Stations, old: Loaded, new: Loaded) -> None:
    before = {each.name: each for each in old.outputs}
    after = {each.name: each for each in new.outputs}
    for name in before.keys() - after.keys():
        await stations.sender.remove(name)
    for name, settings in after.items():
        if name not in before:
            await stations.sender.add(assembly.output(settings))
        elif before[name] != settings:
            await stations.sender.replace(assembly.output(settings))
    stations.sender.hurry()  # a paused one may find its destination put right


def _numbers(stations: Stations, settings: Settings) -> None:
    scheduler, collector = stations.scheduler, settings.collector
    scheduler.slots = collector.worker_pool_size
    scheduler.assignment = assembly.assignment(settings)
    scheduler.backoff_max = collector.backoff_max
    scheduler.high_water = collector.backpressure.high_water
    scheduler.max_slowdown = int(collector.backpressure.max_slowdown)


def _shapes_samples(loaded: Loaded) -> tuple[object, ...]:
    """What every sample of every task depends on."""
    settings = loaded.settings
    return settings.sentinel, assembly.run_limits(settings), loaded.processors


def at_next_start(old: Settings, new: Settings) -> Iterator[str]:
    """Sections that changed and are only read at start."""
    for name in ("buffer", "telemetry"):
        if getattr(old, name) != getattr(new, name):
            yield f"{name}: changed, and takes effect at the next start"
