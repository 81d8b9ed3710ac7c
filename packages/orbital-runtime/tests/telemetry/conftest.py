"""A small agent for telemetry's tests: all stations, really there, and a writer that records."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from orbital_buffer.buffer import memory_buffer
from orbital_buffer.commit import Committer
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import ManualClock
from orbital_runtime.delivery_policy import DeliveryPolicy
from orbital_runtime.engine.engine import Engine
from orbital_runtime.guard.watchdog.watchdog import Watchdog
from orbital_runtime.hosting.hosts import Hosts
from orbital_runtime.model import Task
from orbital_runtime.plugins.instances import Instances
from orbital_runtime.plugins.placement import Choice, Placement
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.plugins.updates import Updates
from orbital_runtime.reload import Reload
from orbital_runtime.scheduler.scheduler import Scheduler
from orbital_runtime.sender.output import Output
from orbital_runtime.sender.sender import Sender
from orbital_runtime.telemetry import Control, Sources, Telemetry
from orbital_sdk import (
    ConfigurationError,
    Context,
    DeviceFields,
    DeviceUnreachable,
    Identity,
    Metric,
    Plugin,
    PluginConfig,
    PluginHost,
    Sample,
)
from orbital_sdk.testing import RecordingWriter, make_batch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from orbital_runtime.extensions import Extension


class ProbeDevice(DeviceFields):
    """Where it is decides what it does."""

    host: str


class Probe(Plugin[ProbeDevice, PluginConfig]):
    """Two samples of a device, none of one that is down."""

    name = "probe"
    size = Metric("probe_size_bytes", unit="bytes", labels=("part",))

    def target(self, device: ProbeDevice) -> str:
        return device.host

    async def collect(self, device: ProbeDevice, ctx: Context) -> AsyncIterator[Sample]:
        if device.host == "down":
            raise DeviceUnreachable("nobody answers at down")
        yield self.size(1.0, "head")
        yield self.size(2.0, "tail")


class Unstartable(Probe):
    """A plugin whose machine lacks something."""

    name = "unstartable"

    async def start(self, host: PluginHost) -> None:
        raise ConfigurationError("there is no such bus here")


async def _no_check(plugin: Plugin[ProbeDevice, PluginConfig]) -> None:
    del plugin


class World:
    """All stations, really there, with a recording writer at the end. Its scheduler runs only what is
    asked for.
    """

    def __init__(self) -> None:
        self.state = "running"
        self.changes: list[str] | Exception = []
        self.stops = 0
        self.clock = ManualClock()
        self.registry = Registry.of(plugins=[Probe, Unstartable])
        self.buffer = memory_buffer(BufferLimits(samples=1000), self.clock)
        self.committer = Committer(self.buffer, window=0)
        self.hosts = Hosts()
        self.instances = Instances(self.registry, hosts=self.hosts)
        self.engine = Engine(
            identity=Identity("s-1", "edge"),
            plugins=self.instances.get,
            pool=self.instances.pool,
            put=self.committer.put,
            clock=self.clock,
        )
        self.scheduler = Scheduler(self.engine.run, clock=self.clock, forget=self.engine.forget)
        self.watchdog = Watchdog(self.instances.owner)
        self.sender = Sender(self.buffer, clock=self.clock)
        self.writer = RecordingWriter()
        self.tasks: dict[str, Task] = {}
        self.extensions: list[Extension] = []
        placement = Placement(self.registry, lambda _: Choice())
        self.updates = Updates(placement, self.instances, _no_check)
        self.reloaded = Reload(0, 1_700_000_000_000)
        self.sources = Sources(
            version="1.2.3",
            started=self.clock.steady(),
            clock=self.clock,
            state=lambda: self.state,
            identity=lambda: self.engine.identity,
            notes=lambda: ["buffer.type: the disk buffer is not there yet"],
            settings_path=lambda: None,
            reloaded=lambda: self.reloaded,
            scheduler=self.scheduler,
            engine=self.engine,
            watchdog=self.watchdog,
            committer=self.committer,
            buffer=self.buffer,
            sender=self.sender,
            instances=self.instances,
            hosts=self.hosts,
            registry=self.registry,
            updates=self.updates,
            extensions=self.extensions,
        )
        self.control = Control(stop=self._stop, reload=self._reload, update=self.updates.reload)

    async def start(self) -> None:
        await self.add_output("store", self.writer)
        self.add_task("good", "down")
        for task in self.tasks.values():
            await self.instances.acquire(task)

    async def close(self) -> None:
        await self.scheduler.stop(1)
        await self.committer.close()
        await self.sender.stop()
        await self.instances.stop_all()
        await self.buffer.close()

    async def add_output(self, name: str, writer: RecordingWriter | None = None) -> None:
        policy = DeliveryPolicy(
            flush_interval=0, retry_interval=3600, retry_max_interval=3600, breaker_failures=2
        )
        await self.sender.add(Output(name, writer or RecordingWriter(), policy))

    def add_task(self, *names: str, plugin: str = "probe") -> None:
        for name in names:
            device, config = ProbeDevice(host=name), PluginConfig()
            self.tasks[name] = Task(name, name, plugin, device, config, interval=60, timeout=10)
        self.scheduler.put(self.tasks.values())

    def add_tasks(self, count: int) -> None:
        self.add_task(*(f"more-{number}" for number in range(count)))

    async def use_broken_plugin(self) -> None:
        self.add_task("on-a-bus", plugin="unstartable")
        await self.instances.acquire(self.tasks["on-a-bus"])

    async def run(self, name: str) -> None:
        await self.scheduler.trigger(name)

    async def fill(self, part: float) -> None:
        batch = make_batch(round(part * 1000) - self.buffer.usage().samples)
        await self.buffer.append([batch])

    async def settled(self, *, waiting: bool = False) -> None:
        """Until all is delivered, or until the first attempt to do so has failed."""
        if waiting:
            await self.until(lambda: any(call.error for call in self.writer.calls))
            await self.until(lambda: bool(self.sender.status()["store"].reason))
        else:
            await self.until(lambda: self.buffer.ledger.account("store").delivered > 0)
            await self.until(lambda: not self.buffer.waiting("store"))

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not holds():  # noqa: ASYNC110 (what is watched has no event)
                await asyncio.sleep(0.005)

    @asynccontextmanager
    async def serving(
        self, path: Path, address: tuple[str, int] | None = ("127.0.0.1", 0), **options: object
    ) -> AsyncIterator[Telemetry]:
        token = path.with_name("token")
        telemetry = Telemetry(
            self.sources, self.control, socket=path, address=address, token=token, **options
        )
        await telemetry.start()
        try:
            yield telemetry
        finally:
            await telemetry.stop()

    def _stop(self) -> None:
        self.stops += 1

    async def _reload(self) -> list[str]:
        if isinstance(self.changes, Exception):
            raise self.changes
        return self.changes


@pytest_asyncio.fixture
async def world() -> AsyncIterator[World]:
    """Stations with two tasks, `good` and `down`, and one output, `store`."""
    built = World()
    await built.start()
    yield built
    await built.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the owner's socket will be."""
    return tmp_path / "run" / "sentinel.sock"
