"""An engine whose plugin has sessions, and writes down what becomes of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.clock import ManualClock
from orbital_runtime.engine.engine import Engine
from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime_testing.runs import Device, make_task
from orbital_sdk import Identity, Metric, Plugin, PluginConfig, Session

if TYPE_CHECKING:
    from orbital_runtime.model import Run, Task
    from orbital_sdk import Batch, Context, Sample

VALUE: Final = Metric("value", labels=("of",))
SOON: Final = 0.02
"""Seconds: a deadline that a test waits for."""
LONG: Final = 60.0
"""Seconds until a test that waits for an event fails."""


class Line(Session):
    """A session that tells its plugin's diary."""

    def __init__(self, plugin: Lines, device: Device) -> None:
        self.plugin, self.device, self.runs = plugin, device, 0

    async def collect(self, ctx: Context) -> list[Sample]:
        del ctx
        self.runs += 1
        self.plugin.diary.append(f"collect {self.device.host}")
        return [VALUE(self.runs, "a")]

    async def close(self) -> None:
        self.plugin.diary.append(f"close {self.device.host}")


class Lines(Plugin[Device, PluginConfig]):
    """A plugin of sessions."""

    name = "fake"
    max_threads = 2
    kind: type[Line] = Line
    """Of its sessions."""

    def __init__(self, config: PluginConfig | None = None) -> None:
        super().__init__(config or PluginConfig())
        self.diary: list[str] = []

    async def open(self, device: Device) -> Session:
        self.diary.append(f"open {device.host}")
        return self.kind(self, device)

    def target(self, device: Device) -> str:
        self.diary.append("target")
        return device.host

    def exclusive(self, device: Device) -> str:
        self.diary.append("exclusive")
        return f"bus of {device.host}"


class SessionRig:
    """An engine that is asked for facts as a scheduler asks, and whose plugin may be exchanged."""

    def __init__(self, plugin: Any) -> None:
        self.plugin = plugin
        self.batches: list[Batch] = []
        self.pool, self.clock = ThreadPoolExecutor(plugin.max_threads), ManualClock()
        self.engine = Engine(
            identity=Identity("s1", "edge"),
            plugins=lambda _: self.plugin,
            pool=lambda _: self.pool,
            put=self.put,
            clock=self.clock,
            limits=RunLimits(cancel_grace=SOON, close=LONG),
        )
        self.sessions = self.engine.sessions

    async def put(self, batch: Batch) -> None:
        """As the buffer's door."""
        self.batches.append(batch)

    async def run(self, task: Task | None = None) -> Run:
        """One run, as a scheduler begins it."""
        task = task or make_task()
        self.engine.exclusive(task)
        return await self.engine.run(task)

    def done(self) -> list[str]:
        """What happened since the last call, facts left out."""
        told = [line for line in self.plugin.diary if " " in line]
        self.plugin.diary.clear()
        return told


def at(host: str, name: str = "t", **changes: Any) -> Task:
    """A task that reads this host."""
    return make_task(name, device=Device(host=host), **changes)
