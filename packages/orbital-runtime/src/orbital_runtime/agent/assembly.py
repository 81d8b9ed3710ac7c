"""Builds the parts of the agent from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from orbital_buffer.buffer import disk_buffer, memory_buffer
from orbital_buffer.commit import Committer
from orbital_buffer.model.limits import BufferLimits, LetterLimits
from orbital_buffer.store.rocks.process.remote import StorageProcess
from orbital_cardinality import SeriesLimits
from orbital_runtime import paths
from orbital_runtime.agent.tasks import Tasks
from orbital_runtime.engine.engine import Engine
from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime.guard.watchdog.watchdog import Watchdog
from orbital_runtime.hosting.hosts import Hosts
from orbital_runtime.model import Status
from orbital_runtime.plugins.instances import Instances
from orbital_runtime.plugins.placement import Choice, Placement
from orbital_runtime.plugins.updates import Updates
from orbital_runtime.processor.processors import Processors
from orbital_runtime.receiving.receivers import Receivers
from orbital_runtime.scheduler.assignment import Assignment, parse_shard
from orbital_runtime.scheduler.pacing.backpressure import Pressure
from orbital_runtime.scheduler.scheduler import Scheduler
from orbital_runtime.sender.output import Output
from orbital_runtime.sender.sender import Sender
from orbital_runtime.telemetry.telemetry import Telemetry, socket_path
from orbital_sdk.calling.invoke import receives

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from orbital_buffer.buffer import Buffer
    from orbital_runtime.clock import Clock
    from orbital_runtime.model import Run, Task
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.plugins.task_session import TaskSession
    from orbital_runtime.settings import (
        BufferSection,
        CollectorSection,
        OutputSettings,
        Settings,
        TelemetrySection,
    )
    from orbital_runtime.telemetry.sources import Control, Sources
    from orbital_sdk import Identity, Plugin, Processor, Session
    from orbital_sdk.calling.invoke import OnThread


@dataclass(frozen=True, slots=True)
class Stations:
    """The parts of the agent, in the order in which samples pass through them."""

    instances: Instances
    processors: Processors
    engine: Engine
    scheduler: Scheduler
    committer: Committer
    buffer: Buffer
    sender: Sender
    listeners: Listeners
    receivers: Receivers
    tasks: Tasks
    """Applies lists of tasks."""
    watchdog: Watchdog
    """Watches the event loop."""
    hosts: Hosts
    """Gives plugins, processors and writers their hosts."""
    placement: Placement
    """Where plugins run."""
    updates: Updates
    """Moves them while the agent runs."""


def assemble(
    now: Callable[[], Settings], registry: Registry, identity: Identity, clock: Clock, data: Path
) -> Stations:
    """Build all parts; nothing is started.

    Args:
        now: The settings, which a reload replaces.
        registry: What is installed.
        identity: Who collects.
        clock: Tells the time.
        data: The folder for persistent files.
    """
    settings = now()
    buffer = buffer_of(settings.buffer, clock)
    committer = Committer(buffer, window=settings.buffer.commit_window)

    async def leave(plugin: Plugin[Any, Any]) -> None:
        await engine.sessions.end_all(plugin)

    async def begin(task_session: TaskSession, *, run_blocking: OnThread) -> Session:
        return await receivers.open(task_session, run_blocking=run_blocking)

    hosts = Hosts(data, clock)
    placement = Placement(registry, lambda name: choice(now(), name))
    instances = Instances(registry, leave, hosts=hosts, cls=placement.cls)
    engine = Engine(
        identity=identity,
        plugins=instances.get,
        pool=instances.pool,
        put=committer.put,
        clock=clock,
        limits=run_limits(settings),
        begin=begin,
    )
    listeners = Listeners()
    scheduler = _scheduler(
        settings.collector,
        engine,
        buffer,
        on_run=listeners,
        on_idle=committer.flush_soon,
        clock=clock,
    )
    receivers = Receivers(engine, committer.accept, scheduler.look, instances.receives, clock)
    tasks = Tasks(scheduler, instances, receivers, assignment(settings))
    sender = Sender(buffer, clock=clock, hosts=hosts)

    def begin_again(plugin: str) -> None:
        states = scheduler.states().values()
        receivers.look_at([task for task, _ in states if task.plugin == plugin])

    updates = Updates(
        placement, instances, partial(canary, engine, scheduler), begin_again,
        automatic=lambda: now().plugins.auto_update,
    )  # fmt: skip
    watchdog = Watchdog(
        instances.owner, threshold=settings.collector.watchdog, caught=updates.caught
    )
    return Stations(
        instances, Processors(hosts=hosts), engine, scheduler, committer, buffer, sender, listeners,
        receivers, tasks, watchdog, hosts, placement, updates,
    )  # fmt: skip


def _scheduler(
    section: CollectorSection,
    engine: Engine,
    buffer: Buffer,
    *,
    on_run: Listeners,
    on_idle: Callable[[], None],
    clock: Clock,
) -> Scheduler:
    slow = section.backpressure
    return Scheduler(
        engine.run,
        on_run=on_run,
        clock=clock,
        slots=section.worker_pool_size,
        per_target=section.runs_per_target,
        exclusive=engine.exclusive,
        pass_over=engine.pass_over,
        forget=engine.forget,
        pause_retry=section.pause_retry,
        backoff_max=section.backoff_max,
        pressure=Pressure(lambda: buffer.usage().fill, slow.high_water, int(slow.max_slowdown)),
        on_idle=on_idle,
    )


class Listeners:
    """Calls all listeners after each run."""

    def __init__(self) -> None:
        self.all: list[Callable[[Task, Run], None]] = []

    def __call__(self, task: Task, run: Run) -> None:
        for listener in self.all:
            listener(task, run)


def choice(settings: Settings, plugin: str) -> Choice:
    """What settings say about where this plugin runs."""
    own = settings.plugins.of(plugin)
    isolation = own.isolation or settings.collector.isolation
    limits = {"memory": own.memory, "cpu": own.cpu, "files": own.files, "tasks": own.tasks}
    if isolation != "process":  # nobody asked for processes: it gets as much as it had in the agent
        limits = {key: limit for key, limit in limits.items() if key in own.model_fields_set}
    return Choice(isolation, own.processes, limits, own.user)


async def canary(engine: Engine, scheduler: Scheduler, plugin: Plugin[Any, Any]) -> None:
    """Collect from one device of this plugin that is well; from none where there is none.

    Raises:
        OrbitalError: It cannot be read by this instance.
    """
    for task, state in scheduler.states().values():
        well = state.last is not None and state.last.up and state.status is not Status.RUNNING
        mine = task.plugin == plugin.name and well and not receives(type(plugin))
        if mine and engine.exclusive(task) is None:  # else a run of it may begin meanwhile
            await engine.try_run(task, plugin)
            return


def output(settings: OutputSettings, processors: Sequence[Processor[Any]] = ()) -> Output:
    """An output for the sender, with a writer of its own and these processors, which are started."""
    return Output(settings.name, settings.writer(settings.config), settings.policy, processors)


def assignment(settings: Settings) -> Assignment:
    """Selects the tasks of this sentinel."""
    return parse_shard(settings.collector.shard or "")


def run_limits(settings: Settings) -> RunLimits:
    """The limits of a run."""
    limits = settings.collector.limits
    return RunLimits(
        max_execution_time=settings.collector.max_execution_time,
        samples=limits.samples_per_run,
        series=limits.series_per_task,
        shared=SeriesLimits(
            limits.series_per_device, limits.series_per_metric, limits.series, limits.series_warn_at
        ),
        label_bytes=limits.label_bytes,
    )


def buffer_of(section: BufferSection, clock: Clock) -> Buffer:
    """The buffer, not opened."""
    limits = BufferLimits(
        samples=section.size, size=section.bytes, age=section.max_age or None,
        policy=section.when_full,
    )  # fmt: skip
    kept = section.dead_letters
    letters = LetterLimits(letters=kept.size, size=kept.bytes, age=kept.max_age or None)
    if section.type == "memory":
        return memory_buffer(limits, clock, letters)
    return disk_buffer(
        section.disk_path,
        limits,
        clock,
        sync=section.sync,
        sync_interval=section.sync_interval,
        min_free=section.min_free,
        letters=letters,
        stores=StorageProcess(),
    )


def telemetry_of(
    section: TelemetrySection, sources: Sources, control: Control, environ: Mapping[str, str]
) -> Telemetry:
    """The telemetry server, not started."""
    return Telemetry(
        sources,
        control,
        socket=socket_path(section.socket, paths.runtime_dir(environ)),
        address=section.address if section.enabled else None,
        token=paths.data_dir(environ) / "api-token",
        host_names=section.host_names,
        task_series=section.task_series,
    )
