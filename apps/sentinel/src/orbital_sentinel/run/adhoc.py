"""Immediate collections without schedule, buffer and outputs: for `trigger` and `test`."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from orbital_runtime.clock import SystemClock
from orbital_runtime.engine.engine import Engine
from orbital_runtime.engine.report import METRICS
from orbital_runtime.plugins.instances import Instances
from orbital_runtime.processor.processors import Processors
from orbital_runtime.receiving.receivers import Receivers
from orbital_runtime.scheduler.scheduler import Scheduler
from orbital_runtime.settings import Settings, SettingsError, TaskSection, bind, load, place_plugins
from orbital_runtime.settings.source.files import first
from orbital_sdk import Identity, OrbitalError
from orbital_sdk.address import split_address
from orbital_sentinel.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Sequence
    from pathlib import Path

    from orbital_runtime.model import Run, Task
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.plugins.task_session import TaskSession
    from orbital_runtime.settings import Problem, ProcessorSettings
    from orbital_sdk import Batch, Plugin, Session
    from orbital_sdk.calling.invoke import OnThread

OWN = frozenset(metric.name for metric in METRICS)


@dataclass(slots=True)
class Result:
    """The result of one collection."""

    task: Task
    run: Run
    samples: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Name, labels, value and ts (milliseconds UTC) of each sample."""


def defaults(config: Path | None, registry: Registry) -> Settings:
    """Default settings for ad hoc tasks; a configuration is not required."""
    path = config or first(os.environ)
    if path:
        return load(path, os.environ, registry=registry).settings
    place_plugins(None, os.environ, registry)
    return Settings()


def ad_hoc_tasks(
    plugin: str,
    hosts: Sequence[str],
    options: Sequence[str],
    registry: Registry,
    settings: Settings,
) -> list[Task]:
    """A task for each host.

    Args:
        plugin: Name of the plugin.
        hosts: Become the plugin's field `url` if it has one and they are URLs, otherwise `host`, and `port`
            if one is given.
        options: `key=value` for other fields.
        registry: What is installed.
        settings: Default settings.

    Raises:
        Misuse: The plugin does not accept the fields; lists all problems.
    """
    given = parsed(options)
    fields = registry.plugin(plugin).device_model.model_fields
    tasks: list[Task] = []
    problems: dict[str, None] = {}
    for host in dict.fromkeys(hosts):
        where = _field_of(host, fields, plugin)
        section = TaskSection(id=host, plugin=plugin, config=given | _place(host, where, fields))
        try:
            tasks.append(bind(section, registry, settings))
        except SettingsError as error:
            problems |= {_words(problem, where, host): None for problem in error.problems}
    if problems:
        raise Misuse("\n".join(problems))
    return tasks


def _field_of(host: str, fields: Collection[str], plugin: str) -> str:
    for name in ("url", "host") if "://" in host else ("host", "url"):
        if name in fields:
            return name
    raise Misuse(
        f"plugin {plugin} has neither a field `host` nor `url`: write a task, and use `test`"
    )


def _place(text: str, where: str, fields: Collection[str]) -> dict[str, Any]:
    """The address fields of a device, parsed from the user's input."""
    if where == "host":
        with suppress(ValueError):  # validation of the field reports it
            host, port = split_address(text)
            if port is None:
                return {"host": host}
            if "port" in fields:
                return {"host": host, "port": port}
    return {where: text}


def _words(problem: Problem, where: str, host: str) -> str:
    key = problem.key.removeprefix("config.")
    hint = f"; {problem.hint}" if problem.hint else ""
    return f"{host if key == where else key}: {problem.message}{hint}"


def parsed(options: Sequence[str]) -> dict[str, Any]:
    """Parse options: `auth.user=x` is nested; a value that starts like a YAML list or map is YAML."""
    given: dict[str, Any] = {}
    for option in options:
        key, equals, text = option.partition("=")
        if not (key and equals):
            raise Misuse(f"-o {option}: write it as key=value")
        *sections, last = key.split(".")
        below = given
        for section in sections:
            below = below.setdefault(section, {})
        try:
            below[last] = yaml.safe_load(text) if text[:1] in ("[", "{") else text
        except yaml.YAMLError as error:
            raise Misuse(f"-o {option}: the value is not YAML") from error
    return given


class _Pipeline:
    """Plugins and an engine, whose batches are kept by task."""

    def __init__(self, registry: Registry, settings: Settings) -> None:
        self.processors = Processors()
        self.instances = Instances(registry, self._leave)
        self.batches: dict[str, list[Batch]] = {}
        section = settings.sentinel
        self.engine = Engine(
            identity=Identity(section.id or "ad-hoc", section.name or socket.gethostname()),
            plugins=self.instances.get,
            pool=self.instances.pool,
            put=self._keep,
            clock=SystemClock(),
            begin=self._begin,
        )
        self._receivers = Receivers(
            self.engine, self._accept, lambda _: None, self.instances.receives, SystemClock()
        )

    async def process(self, processors: Sequence[ProcessorSettings]) -> None:
        """Start these; samples pass them from now on."""
        self.processors.become(await self.processors.prepare(processors))
        self.engine.reconfigure(
            identity=self.engine.identity,
            processors=self.processors.all,
            by_task=self.processors.by_task,
            limits=self.engine.limits,
        )

    async def stop(self) -> None:
        await self.processors.stop(self.processors.become(()))
        await self.instances.stop_all()

    async def _begin(self, task_session: TaskSession, *, run_blocking: OnThread) -> Session:
        return await self._receivers.open(task_session, run_blocking=run_blocking)

    async def _accept(self, batches: Sequence[Batch]) -> str:
        for batch in batches:
            await self._keep(batch)
        return ""

    async def _leave(self, plugin: Plugin[Any, Any]) -> None:
        await self.engine.sessions.end_all(plugin)

    async def _keep(self, batch: Batch) -> None:
        self.batches.setdefault(batch.layout.origin.task, []).append(batch)

    def samples(self, task: Task) -> list[dict[str, Any]]:
        return [
            {"name": row.name, "labels": dict(row.labels), "value": value, "ts": ts}
            for batch in self.batches.pop(task.id, [])
            for row, ts, value in batch.items()
            if row.name not in OWN
        ]


async def collect(
    tasks: Sequence[Task],
    registry: Registry,
    settings: Settings,
    on_result: Callable[[Result], None],
    processors: Sequence[ProcessorSettings] = (),
) -> None:
    """Run each task once, as many at a time as the settings allow; `on_result` gets each result.

    Samples pass these processors, but what one of them gathers is not asked for.
    """
    stations = _Pipeline(registry, settings)
    scheduler = Scheduler(
        stations.engine.run,
        clock=SystemClock(),
        slots=settings.collector.worker_pool_size,
        exclusive=stations.engine.exclusive,
    )

    async def collect_one(task: Task) -> None:
        run = await scheduler.trigger(task.key)
        on_result(Result(task, run, stations.samples(task)))

    try:
        await stations.process(processors)
        await asyncio.gather(*(stations.instances.acquire(task) for task in tasks))
        scheduler.put(tasks)
        await asyncio.gather(*(collect_one(task) for task in tasks))
    finally:
        await scheduler.stop(0)
        await stations.stop()


async def test_devices(
    tasks: Sequence[Task], registry: Registry, settings: Settings
) -> AsyncIterator[tuple[Task, str, bool]]:
    """Test the device of each task; yields the task, a line of text, and whether the test passed."""
    stations = _Pipeline(registry, settings)
    try:
        for task in tasks:
            await stations.instances.acquire(task)
            try:
                yield task, await stations.engine.test(task), True
            except OrbitalError as error:
                yield task, str(error), False
    finally:
        await stations.instances.stop_all()
