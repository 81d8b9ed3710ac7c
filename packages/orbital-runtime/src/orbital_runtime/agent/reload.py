"""A reload is a difference applied: what is equal in both configurations is not touched."""

from __future__ import annotations

import asyncio
import logging
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeVar

from orbital_runtime.agent import assembly, processing
from orbital_runtime.scheduler.roster import twice
from orbital_runtime.slices import in_slices
from orbital_runtime.telemetry.logs import setup
from orbital_runtime.threads import in_background

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from orbital_runtime.agent.assembly import Stations
    from orbital_runtime.model import Task
    from orbital_runtime.plugins.instances import Instances
    from orbital_runtime.processor.processors import Running
    from orbital_runtime.scheduler.assignment import Assignment
    from orbital_runtime.settings import Loaded, Settings
    from orbital_sdk import Identity

T = TypeVar("T")

log = logging.getLogger("orbital.agent")

PORTION: Final = 100
"""Tasks that are taken on in one go: about a millisecond."""
PATIENCE: Final = 3.0
"""Seconds for which tasks wait for the start of their plugins."""


async def apply(
    stations: Stations,
    old: Loaded,
    new: Loaded,
    identity: Identity,
    processors: Sequence[Running],
) -> None:
    """Go over from `old` to `new`: outputs first, so that no sample finds its new output missing. Tasks
    come after it.
    """
    await _logs(old.settings, new.settings)
    await _outputs(stations, old, new)
    _numbers(stations, new.settings)
    if _shapes_samples(old) != _shapes_samples(new):
        await processing.change(stations, processors, new, identity)


async def tasks(stations: Stations, wanted: Iterable[Task]) -> None:
    """Run these tasks from now on; plugins start before their first task and stop after their last.

    A plugin that is slow to start holds nobody else: its runs fail with that reason until it is there. All of
    it goes in slices, beside the runs; where it is cut off half-way, the next call does the rest.

    Raises:
        ConfigurationError: A key stands twice; nothing was changed.
    """
    scheduler, instances = stations.scheduler, stations.instances
    ours = await _ours(wanted, scheduler.assignment)
    news = await _news(stations, ours)
    begun = [_begin(instances, task) async for task in in_slices(news)]
    starting = {start for start in begun if start is not None}
    if starting:
        await asyncio.wait(starting, timeout=PATIENCE)
    async for some in in_slices(_portions(news)):
        scheduler.put(some)
        stations.receivers.look_at(some)
    known = chain(list(scheduler.states()), instances.holders())
    gone = [key async for key in in_slices(known) if key not in ours]
    async for some in in_slices(_portions(gone)):
        scheduler.remove(some)
    await asyncio.sleep(0)  # for a run that was just begun: it takes its plugin first
    async for key in in_slices(gone):
        instances.release(key)


async def _ours(wanted: Iterable[Task], assignment: Assignment) -> dict[str, Task]:
    ours: dict[str, Task] = {}
    async for task in in_slices(wanted):
        if task.key in ours:
            raise twice(task)
        if assignment.mine(task):
            ours[task.key] = task
    return ours


async def _news(stations: Stations, ours: Mapping[str, Task]) -> list[Task]:
    """Those that do not run yet, or run as others, and those whose plugin failed: it is tried again."""
    known, down = stations.scheduler.states(), stations.instances.failed()
    news: list[Task] = []
    async for key, task in in_slices(ours.items()):
        before = known[key][0] if key in known else None
        if (before is not task and before != task) or task.plugin in down:
            news.append(task)
    return news


def _begin(instances: Instances, task: Task) -> asyncio.Task[None] | None:
    try:
        return instances.hold(task)
    except Exception:
        log.exception("task %s cannot have its plugin", task.id)
        return None


def _portions(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + PORTION] for start in range(0, len(items), PORTION))


async def _logs(old: Settings, new: Settings) -> None:
    if old.logging == new.logging:
        return
    try:
        await in_background(setup.configure, new.logging)  # it waits for lines of before
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
    stations.scheduler.pauses.hurry()


def _numbers(stations: Stations, settings: Settings) -> None:
    scheduler, collector = stations.scheduler, settings.collector
    scheduler.suit(collector.worker_pool_size, collector.runs_per_target)
    scheduler.assignment = assembly.assignment(settings)
    scheduler.backoff_max = collector.backoff_max
    scheduler.pauses.every = collector.pause_retry
    stations.watchdog.threshold = collector.watchdog
    scheduler.pressure.high_water = collector.backpressure.high_water
    scheduler.pressure.slowest = int(collector.backpressure.max_slowdown)


def _shapes_samples(loaded: Loaded) -> tuple[object, ...]:
    """What every sample of every task depends on."""
    settings = loaded.settings
    return settings.sentinel, assembly.run_limits(settings), loaded.processors


def at_next_start(began: Settings, old: Settings, new: Settings) -> Iterator[str]:
    """Sections that changed and are only read at start, and what that will leave behind. What is again as it
    began has nothing to wait for.
    """
    for name in ("buffer", "telemetry"):
        if getattr(new, name) not in (getattr(old, name), getattr(began, name)):
            yield f"{name}: changed, and takes effect at the next start"
    places = _place(began), _place(old)
    if began.buffer.type == "disk" and _place(new) not in places:
        yield (
            f"buffer: what waits in {began.buffer.disk_path} at the stop stays there, until a configuration "
            "names this folder again"
        )


def _place(settings: Settings) -> tuple[str, str]:
    return settings.buffer.type, settings.buffer.disk_path
