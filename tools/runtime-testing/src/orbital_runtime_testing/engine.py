"""For tests of the engine: a plugin that does as it is told, and an engine that runs it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from orbital_runtime.clock import ManualClock
from orbital_runtime.engine.engine import Engine
from orbital_runtime_testing.runs import Device, make_task
from orbital_sdk import Identity, Metric, Plugin, PluginConfig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orbital_runtime.model import Run, Task
    from orbital_sdk import Batch, Context, Sample

VALUE = Metric("value", labels=("of",))


class Fake(Plugin[Device, PluginConfig]):
    """Does what its test says; every collect form is one of its subclasses."""

    name = "fake"
    value = VALUE

    def __init__(self) -> None:
        super().__init__(PluginConfig())
        self.error: Exception | None = None
        self.contexts: list[Context] = []

    async def collect(self, device: Device, ctx: Context) -> AsyncIterator[Sample]:
        self.contexts.append(ctx)
        yield self.value(1, "a")
        yield self.value(2, "b")
        if self.error is not None:
            raise self.error


class Rig:
    """An engine with one plugin, and what went into its buffer."""

    def __init__(self, plugin: Fake, **settings: Any) -> None:
        self.plugin = plugin
        self.clock = ManualClock()
        self.batches: list[Batch] = []
        self.pool = ThreadPoolExecutor(2)
        self.engine = Engine(
            identity=Identity("s1", "edge"),
            plugins=lambda task: self.plugin,  # noqa: ARG005 (the engine gives it by position)
            pool=lambda name: self.pool,  # noqa: ARG005 (as above)
            put=self.put,
            clock=self.clock,
            **settings,
        )

    async def put(self, batch: Batch) -> None:
        self.batches.append(batch)

    def take(self) -> dict[str, float | str]:
        """Name or label `of` -> value, of all batches since the last call; the stale ones by name only."""
        taken: dict[str, float | str] = {}
        for batch in sorted(self.batches, key=lambda b: not b.stale):
            for row, _, value in batch.items():
                name = dict(row.labels).get("of", row.name)
                taken[name] = "stale" if batch.stale else value
        self.batches.clear()
        return taken

    async def run(self, task: Task | None = None, seconds: float = 10) -> Run:
        """One run, after which so many seconds pass."""
        run = await self.engine.run(task or make_task())
        self.clock.advance(seconds)
        return run
