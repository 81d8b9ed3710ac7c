"""Applies the difference between two configurations: unchanged parts are not touched."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from orbital_runtime.agent import assembly, processing
from orbital_runtime.processor.processors import of_output
from orbital_runtime.telemetry.logs import setup
from orbital_runtime.threads import in_background

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orbital_runtime.agent.assembly import Stations
    from orbital_runtime.processor.processors import Running
    from orbital_runtime.settings import Loaded, ProcessorSettings, Settings
    from orbital_sdk import Identity

log = logging.getLogger("orbital.agent")


async def apply(
    stations: Stations,
    old: Loaded,
    new: Loaded,
    identity: Identity,
    processors: Sequence[Running],
) -> None:
    """Change the parts from `old` to `new`, except the tasks: outputs first, so that no sample misses a new
    one.
    """
    await _logs(old.settings, new.settings)
    await _outputs(stations, old, new, processors)
    _numbers(stations, new.settings)
    if _shapes_samples(old) != _shapes_samples(new):
        await processing.change(stations, processors, new, identity)


async def _logs(old: Settings, new: Settings) -> None:
    if old.logging == new.logging:
        return
    try:
        await in_background(setup.configure, new.logging)  # it waits for earlier lines
    except OSError as error:
        log.error("logging.file_path: %s; the log stays as it is", error)  # noqa: TRY400 (the message is enough)


async def _outputs(stations: Stations, old: Loaded, new: Loaded, ready: Sequence[Running]) -> None:
    before = {each.name: (each, _processors(old, each.name)) for each in old.outputs}
    after = {each.name: (each, _processors(new, each.name)) for each in new.outputs}
    for name in before.keys() - after.keys():
        await stations.sender.remove(name)
    for name, (settings, _) in after.items():
        if name not in before:
            await stations.sender.add(assembly.output(settings, of_output(ready, name)))
        elif before[name] != after[name]:
            await stations.sender.replace(assembly.output(settings, of_output(ready, name)))
    stations.sender.send_now()  # a paused one may find its destination put right
    stations.scheduler.pauses.retry_now()


def _processors(loaded: Loaded, output: str) -> list[ProcessorSettings]:
    return [each for each in loaded.processors if each.output == output]


def _numbers(stations: Stations, settings: Settings) -> None:
    scheduler, collector = stations.scheduler, settings.collector
    scheduler.set_limits(collector.worker_pool_size, collector.runs_per_target)
    stations.tasks.assignment = assembly.assignment(settings)
    scheduler.backoff_max = collector.backoff_max
    scheduler.pauses.every = collector.pause_retry
    stations.watchdog.threshold = collector.watchdog
    scheduler.pressure.high_water = collector.backpressure.high_water
    scheduler.pressure.slowest = int(collector.backpressure.max_slowdown)


def _shapes_samples(loaded: Loaded) -> tuple[object, ...]:
    """Settings that all samples depend on."""
    settings = loaded.settings
    return settings.sentinel, assembly.run_limits(settings), loaded.processors


def at_next_start(began: Settings, old: Settings, new: Settings) -> Iterator[str]:
    """Messages about changed settings that are not read at a reload. A section that is as it was at the start
    needs no restart.
    """
    for name in ("buffer", "telemetry"):
        if getattr(new, name) not in (getattr(old, name), getattr(began, name)):
            yield f"{name}: changed, and takes effect at the next start"
    yield from _moved_plugins(old, new)
    places = _place(began), _place(old)
    if began.buffer.type == "disk" and _place(new) not in places:
        yield (
            f"buffer: what waits in {began.buffer.disk_path} at the stop stays there, until a configuration "
            "names this folder again"
        )


def _moved_plugins(old: Settings, new: Settings) -> Iterator[str]:
    """Plugins that run go on where they are, with the limits that they have."""
    names = dict.fromkeys((*old.plugins.named, *new.plugins.named))
    changed = [
        (f"plugins.{name}", name) for name in names if old.plugins.of(name) != new.plugins.of(name)
    ]
    if old.collector.isolation != new.collector.isolation:
        changed.append(("collector.isolation", "NAME"))
    for key, name in changed:
        yield f"{key}: changed, and takes effect at `sentinel plugins reload {name}` or the next start"


def _place(settings: Settings) -> tuple[str, str]:
    return settings.buffer.type, settings.buffer.disk_path
