"""The agent's side of its extensions: what it does for each, and what it asks of all together."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from orbital_runtime import paths
from orbital_runtime.extensions import Counts, Extension
from orbital_runtime.sender.output import Output
from orbital_runtime.settings.validation.binding import Binder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orbital_runtime.agent.assembly import Stations
    from orbital_runtime.clock import Clock
    from orbital_runtime.delivery_policy import DeliveryPolicy
    from orbital_runtime.model import Task
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import Settings
    from orbital_sdk import Identity, Writer

log = logging.getLogger("orbital.agent")


class Owner(Protocol):
    """What extensions need of their agent."""

    clock: Clock
    version: str
    environ: Mapping[str, str]
    started: float
    registry: Registry
    identity: Identity
    stations: Stations

    @property
    def settings(self) -> Settings: ...

    async def apply_tasks(self) -> None: ...

    def set_identity(self, identity: Identity) -> None: ...

    def reload_soon(self) -> None: ...


class Extensions:
    """Every installed extension. What several of them say is taken in the order of their names.

    Args:
        agent: Whose extensions they are.
    """

    def __init__(self, agent: Owner) -> None:
        self._agent = agent
        kinds: list[type[Extension]] = agent.registry.extensions()
        self.all: tuple[Extension, ...] = tuple(kind(Host(agent, kind.name)) for kind in kinds)

    def __getitem__(self, name: str) -> Any:
        """The extension of this name, for who knows its class."""
        return next(one for one in self.all if one.name == name)

    def identity(self) -> tuple[str, str]:
        """The id and the name that the first one has which knows them."""
        return next(filter(any, (one.identity() for one in self.all)), ("", ""))

    def tasks(self) -> list[Task]:
        """Those that any of them hands out."""
        return [task for one in self.all for task in one.tasks()]

    async def arrange(self, tasks: Sequence[Task]) -> Sequence[Task]:
        """Those that run here, each as all of them want it."""
        for one in self.all:
            tasks = await one.arrange(tasks)
        return tasks

    async def arranged(self, tasks: Sequence[Task]) -> None:
        """Tell all that these run from now on."""
        for one in self.all:
            await one.arranged(tasks)

    async def start(self) -> None:
        """Start all, and let them listen."""
        for one in self.all:
            self._agent.stations.listeners.all.append(one.ran)
            await one.start()
        self._look()

    async def follow(self, old: Settings) -> None:
        """All go over to the new settings."""
        for one in self.all:
            await one.follow(old)
        self._look()

    async def stop(self) -> None:
        """Stop all. Safe twice."""
        listeners = self._agent.stations.listeners.all
        for one in self.all:
            if one.ran in listeners:
                listeners.remove(one.ran)
            await one.stop()
        self._look()

    def _look(self) -> None:
        """Show batches to those who look at them now."""
        witnesses = filter(None, (one.witness for one in self.all))
        self._agent.stations.engine.hand_over.witnesses = tuple(witnesses)


class Host:
    """As `orbital_runtime.extensions.ExtensionHost`.

    Args:
        agent: What does the work.
        name: Of the extension; its output is called so, too.
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
        )

    def runs(self, task: Task) -> bool:
        known = self._agent.stations.scheduler.states().get(task.key)
        return known is not None and known[0].device_id == task.device_id

    async def apply(self) -> None:
        await self._agent.apply_tasks()

    def trigger(self, key: str) -> None:
        asyncio.create_task(self._triggered(key), name=f"trigger {key}")  # noqa: RUF006 (the scheduler holds it)

    def reload(self) -> None:
        self._agent.reload_soon()

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
