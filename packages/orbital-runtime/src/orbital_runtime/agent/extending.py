"""The extensions of an agent, and the host of each."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from orbital_runtime import paths
from orbital_runtime.extensions import Counts, Extension
from orbital_runtime.sender.output import Output
from orbital_runtime.settings.rendering.dump import shown
from orbital_runtime.settings.validation.binding import Binder
from orbital_runtime.telemetry.api.views import BoundViews

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orbital_runtime.agent.assembly import Stations
    from orbital_runtime.clock import Clock
    from orbital_runtime.delivery_policy import DeliveryPolicy
    from orbital_runtime.model import Task
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import Loaded, Settings
    from orbital_runtime.telemetry.sources import Sources
    from orbital_sdk import Identity, Writer

log = logging.getLogger("orbital.agent")


class Owner(Protocol):
    """The agent, as extensions need it."""

    clock: Clock
    version: str
    environ: Mapping[str, str]
    loaded: Loaded
    sources: Sources
    started: float
    registry: Registry
    identity: Identity
    stations: Stations

    @property
    def settings(self) -> Settings: ...

    async def apply_tasks(self) -> None: ...

    def set_identity(self, identity: Identity) -> None: ...

    def reload_soon(self, by: str) -> None: ...


class Extensions:
    """All installed extensions, in the order of their names.

    Args:
        agent: Their agent.
    """

    def __init__(self, agent: Owner) -> None:
        self._agent = agent
        kinds: list[type[Extension]] = agent.registry.extensions()
        self.all: tuple[Extension, ...] = tuple(kind(Host(agent, kind.name)) for kind in kinds)

    def __getitem__(self, name: str) -> Any:
        """The extension of this name."""
        return next(one for one in self.all if one.name == name)

    def identity(self) -> tuple[str, str]:
        """Id and name by the first extension that has them."""
        return next(filter(any, (one.identity() for one in self.all)), ("", ""))

    def tasks(self) -> list[Task]:
        """The tasks of all extensions."""
        return [task for one in self.all for task in one.tasks()]

    async def arrange(self, tasks: Sequence[Task]) -> Sequence[Task]:
        """Apply `Extension.arrange` of all extensions."""
        for one in self.all:
            tasks = await one.arrange(tasks)
        return tasks

    async def arranged(self, tasks: Sequence[Task]) -> None:
        """Call `Extension.arranged` of all extensions."""
        for one in self.all:
            await one.arranged(tasks)

    async def start(self) -> None:
        """Start all extensions, and pass runs and batches to them."""
        for one in self.all:
            self._agent.stations.listeners.all.append(one.ran)
            await one.start()
        self._update_witnesses()

    async def follow(self, old: Settings) -> None:
        """Call `Extension.follow` of all extensions."""
        for one in self.all:
            await one.follow(old)
        self._update_witnesses()

    async def stop(self) -> None:
        """Stop all extensions. Idempotent."""
        listeners = self._agent.stations.listeners.all
        for one in self.all:
            if one.ran in listeners:
                listeners.remove(one.ran)
            await one.stop()
        self._update_witnesses()

    def _update_witnesses(self) -> None:
        """Pass batches to the current witnesses."""
        witnesses = filter(None, (one.witness for one in self.all))
        self._agent.stations.engine.hand_over.witnesses = tuple(witnesses)


class Host:
    """Implements `ExtensionHost`.

    Args:
        agent: Its agent.
        name: Of the extension, and of its output.
    """

    def __init__(self, agent: Owner, name: str) -> None:
        self._agent = agent
        self._name = name
        self.clock = agent.clock
        self.version = agent.version
        self.data = paths.data_dir(agent.environ)

    @property
    def settings(self) -> Settings:
        return self._agent.settings

    @property
    def views(self) -> BoundViews:
        return BoundViews(self._agent.sources)

    def configuration(self) -> dict[str, Any]:
        return shown(self._agent.loaded)

    def binder(self) -> Binder:
        return Binder(self._agent.registry, self._agent.settings, strict=False)

    def metadata(self, plugin: str) -> Mapping[str, Any]:
        return self._agent.registry.metadata(plugin)

    def counts(self) -> Counts:
        agent = self._agent
        return Counts(
            tasks=len(agent.stations.scheduler.states()),
            plugins=len(set(agent.stations.instances.running())),
            uptime=agent.clock.steady() - agent.started,
            config_error=next(iter(agent.sources.reloaded().problems), ""),
        )

    def runs(self, task: Task) -> bool:
        known = self._agent.stations.scheduler.states().get(task.key)
        return known is not None and known[0].device_id == task.device_id

    async def apply(self) -> None:
        await self._agent.apply_tasks()

    def trigger(self, key: str) -> None:
        asyncio.create_task(self._triggered(key), name=f"trigger {key}")  # noqa: RUF006 (the scheduler holds it)

    def reload(self) -> None:
        self._agent.reload_soon(self._name)

    def set_identity(self, sentinel_id: str) -> None:
        if self._agent.identity.id != sentinel_id:
            self._agent.set_identity(replace(self._agent.identity, id=sentinel_id))

    async def deliver(self, writer: Writer[Any] | None, policy: DeliveryPolicy) -> None:
        sender, buffer = self._agent.stations.sender, self._agent.stations.buffer
        if writer is None:
            await sender.remove(self._name)
            buffer.attach(self._name)
        else:
            await sender.replace(Output(self._name, writer, policy))

    async def finish(self, writer: Writer[Any] | None, policy: DeliveryPolicy) -> None:
        sender, buffer = self._agent.stations.sender, self._agent.stations.buffer
        await sender.remove(self._name)
        if self._name in buffer.outputs():
            buffer.orphan(self._name)
        if writer is not None and buffer.waiting(self._name):
            await sender.finish(Output(self._name, writer, policy))

    def send_now(self) -> None:
        self._agent.stations.sender.send_now(self._name)

    async def _triggered(self, key: str) -> None:
        try:
            await self._agent.stations.scheduler.trigger(key)
        except LookupError as error:
            log.debug("a trigger from extension %s failed: %s", self._name, error)
