"""Processors in the life of an agent: started before the first run, kept by a reload, flushed at the end."""

from __future__ import annotations

import asyncio
from array import array
from typing import Any, ClassVar

import pytest
import yaml

from orbital_runtime.agent import Agent
from orbital_runtime.agent.once import once
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import SettingsError, load
from orbital_sdk import (
    Batch,
    ConfigurationError,
    DeviceFields,
    Layout,
    Metric,
    Plan,
    Plugin,
    PluginConfig,
    PluginHost,
    Processor,
    ProcessorConfig,
    Row,
)
from orbital_sdk.testing import RecordingWriter


class Steady(Plugin[DeviceFields, PluginConfig]):
    name = "steady"
    value = Metric("steady_value", "One")

    async def collect(self, device, ctx):
        yield self.value(1.0)


class Recorder(RecordingWriter):
    made: ClassVar[list[Recorder]] = []

    def __init__(self, config: Any = None) -> None:
        super().__init__(config)
        Recorder.made.append(self)


class CountConfig(ProcessorConfig):
    every: int = 1


class Count(Processor[CountConfig]):
    """Counts samples of the plugin, gives the sum when it ends, and tells what happens to it."""

    name = "count"
    log: ClassVar[list[str]] = []
    made: ClassVar[list[Count]] = []
    fails: ClassVar[bool] = False

    def __init__(self, config: CountConfig) -> None:
        super().__init__(config)
        self.count = 0
        Count.made.append(self)

    async def start(self, host: PluginHost) -> None:
        Count.log.append(f"start {self.config.every}")
        if Count.fails:
            raise ConfigurationError("no table of names at /etc/names")

    async def stop(self) -> None:
        Count.log.append(f"stop {self.config.every}")

    def plan(self, layout):
        self.origin = layout.origin
        rows = [None if row.name == "steady_value" else row for row in layout.rows]

        def step(batch):
            self.count += rows.count(None)
            return batch.values

        return Plan(rows, step)

    def flush(self, now, *, last):
        if last:
            Count.log.append(f"last {self.config.every}")
            layout = Layout(self.origin, [Row("count", {})])
            yield Batch(layout, now, array("d", [self.count]))


class Quiet(Processor[ProcessorConfig]):
    name = "quiet"

    def plan(self, layout):
        return layout.rows


@pytest.fixture
def agent_of(tmp_path):
    """Writes a configuration with these processors, and makes an agent of it; or writes it anew."""
    for kept in (Count.log, Count.made, Recorder.made):
        kept.clear()
    Count.fails = False
    registry = Registry.of(
        plugins=[Steady], writers=[Recorder], processors=[Count, Quiet, Hidden, Strict]
    )
    environ = {"XDG_DATA_HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}

    def make(*processors: dict[str, Any], **sections: Any) -> Agent:
        one = {"writer": "recording", "flush_interval": "50ms"}
        task = {"id": "a", "plugin": "steady", "interval": "100ms", "timeout": "5s"}
        settings = {
            "sentinel": {"id": "s1", "name": "s1"},
            "sender": {"mode": "direct", "direct": {"one": one}},
            "telemetry": {"listen": "127.0.0.1:0"},
            "tasks": [task],
            "processors": list(processors),
            **sections,
        }
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings))
        loaded = load(tmp_path / "config.yaml", environ, registry=registry)
        return Agent(loaded, registry, version="1", environ=environ)

    return make


def delivered(name: str) -> list[float]:
    return [r.value for w in Recorder.made for r in w.records if r.name == name]


async def until(condition) -> None:
    """Give the loop its turns until this is so."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 (states have no event)
            await asyncio.sleep(0.01)


async def test_what_was_gathered_is_delivered_before_the_end(agent_of):
    """Once, after the last run and before the outputs close; then it stops."""
    agent = agent_of({"name": "count"})
    await agent.start()
    await until(lambda: Count.made[0].count >= 2)
    await agent.stop()
    assert Count.log == ["start 1", "last 1", "stop 1"]
    assert delivered("count") == [Count.made[0].count]
    assert delivered("steady_value") == []


async def test_a_single_pass_has_processors_too(agent_of):
    """`run --once` delivers what they leave, and what they gathered."""
    agent = agent_of({"name": "count"})
    _, undelivered = await once(agent)
    assert (undelivered, delivered("count")) == ([], [1])
    assert Count.log == ["start 1", "last 1", "stop 1"]


async def test_a_reload_of_other_parts_leaves_a_processor_alone(agent_of):
    """Other limits, another processor before it: it is the same one, with what it counted."""
    agent = agent_of({"name": "count"})
    await agent.start()
    await until(lambda: Count.made[0].count)
    agent_of({"name": "quiet"}, {"name": "count"}, collector={"limits": {"series_per_task": 50}})
    assert await agent.reload()
    before = Count.made[0].count
    await until(lambda: Count.made[0].count > before)
    assert (Count.log, len(Count.made)) == (["start 1"], 1)
    await agent.stop()


async def test_a_processor_that_changes_gives_what_it_has_and_stops(agent_of):
    """Another one has its place by then."""
    agent = agent_of({"name": "count"})
    await agent.start()
    await until(lambda: Count.made[0].count)
    agent_of({"name": "count", "every": 2})
    assert await agent.reload()
    assert Count.log == ["start 1", "start 2", "last 1", "stop 1"]
    await until(lambda: delivered("count"))
    await until(lambda: Count.made[1].count)
    await agent.stop()
    assert delivered("count") == [one.count for one in Count.made]


async def test_one_that_does_not_start_changes_nothing(agent_of):
    """The agent does not start without it, since samples must not go on as they are; a reload that brings it
    is refused as any bad configuration is.
    """
    Count.fails = True
    agent = agent_of({"name": "quiet"}, {"name": "count"})
    with pytest.raises(
        SettingsError, match=r"processors\[1\]: processor 'count' did not start: no table of names"
    ):
        await agent.start()
    agent = agent_of({"name": "quiet"})
    await agent.start()
    agent_of({"name": "count", "every": 3}, {"name": "quiet"})
    with pytest.raises(SettingsError, match="no table of names"):
        await agent.reload()
    await until(lambda: delivered("steady_value"))
    assert [each.name for each in agent.stations.processors.all] == ["quiet"]
    await agent.stop()


class Hidden(Processor[ProcessorConfig]):
    """Leaves out what plugins gave, and keeps their reports."""

    name = "hidden"
    stateless = True
    made: ClassVar[list[Hidden]] = []

    def __init__(self, config: ProcessorConfig) -> None:
        super().__init__(config)
        Hidden.made.append(self)

    def plan(self, layout):
        return [None if row.name == "steady_value" else row for row in layout.rows]


TWO = [
    {"id": "a", "plugin": "steady", "interval": "100ms", "processors": [{"name": "hidden"}]},
    {"id": "b", "plugin": "steady", "interval": "100ms"},
]


async def test_a_tasks_own_processor_sees_its_samples_alone(agent_of):
    """The others pass it by; what leaves it goes on through those of all."""
    agent = agent_of({"name": "count"}, tasks=TWO)
    _, undelivered = await once(agent)
    assert (undelivered, delivered("count")) == ([], [1])
    totals = agent.stations.engine.processing.chain.totals
    assert totals.dropped["hidden"] == 1


async def test_what_a_tasks_processor_gathers_goes_on_through_those_of_all(agent_of):
    """At its end, which here is the end of the agent."""
    tasks = [{**TWO[1], "processors": [{"name": "count"}]}]
    _, undelivered = await once(agent_of({"name": "quiet"}, tasks=tasks))
    assert (undelivered, delivered("count")) == ([], [1])


async def test_an_output_has_processors_of_its_own(agent_of):
    """Another output gets all; what is left out is in the ledger, and a pass of all tasks has not failed."""
    Hidden.made.clear()
    quick = {"writer": "recording", "flush_interval": "50ms"}
    direct = {"all": quick, "few": {**quick, "processors": [{"name": "hidden"}]}}
    agent = agent_of(sender={"direct": direct}, tasks=TWO[1:])
    _, undelivered = await once(agent)
    accounts = agent.stations.buffer.ledger.accounts()
    assert undelivered == []
    assert delivered("steady_value") == [1.0]
    assert accounts["all"].dropped == {}
    assert accounts["few"].dropped == {"processor:hidden": 1}
    assert accounts["few"].delivered == accounts["all"].delivered - 1


async def test_a_reload_gives_an_output_other_processors(agent_of):
    """The output goes on with them, and no task begins a device anew."""
    quick = {"writer": "recording", "flush_interval": "50ms"}
    hidden = {"one": {**quick, "processors": [{"name": "hidden"}]}}
    agent = agent_of(sender={"direct": hidden}, tasks=TWO[1:])
    await agent.start()
    account = agent.stations.buffer.ledger.account("one")
    await until(lambda: account.dropped["processor:hidden"])
    assert delivered("steady_value") == []
    agent_of(sender={"direct": {"one": quick}}, tasks=TWO[1:])
    assert await agent.reload() == ['output one: processors: [{"name": "hidden"}] -> []']
    await until(lambda: delivered("steady_value"))
    await agent.stop()


def test_a_processor_that_remembers_is_refused_at_an_output(agent_of):
    """With file, line, key and the place where it can stand."""
    one = {"writer": "recording", "processors": [{"name": "count"}]}
    with pytest.raises(SettingsError) as refused:
        agent_of(sender={"direct": {"one": one}})
    (problem,) = refused.value.problems
    assert problem.key == "sender.direct.one.processors[0].name"
    assert problem.line
    assert "put it under `processors`" in problem.hint


class Strict(Processor[ProcessorConfig]):
    """Fails where it is called after its stop."""

    name = "strict"
    stateless = True

    def __init__(self, config: ProcessorConfig) -> None:
        super().__init__(config)
        self._stopped = False

    async def stop(self) -> None:
        self._stopped = True

    def plan(self, layout):
        if self._stopped:
            raise RuntimeError("called after stop")
        return layout.rows


@pytest.mark.parametrize("single_pass", [True, False])
async def test_an_outputs_processors_stop_after_its_last_delivery(agent_of, single_pass):
    """What waits at the end passes them, too."""
    late = {"writer": "recording", "flush_interval": "1h", "processors": [{"name": "strict"}]}
    agent = agent_of(sender={"mode": "direct", "direct": {"one": late}})
    if single_pass:
        await once(agent)
    else:
        await agent.start()
        await until(lambda: agent.stations.buffer.waiting("one"))
        await agent.stop()
    assert delivered("steady_value")
    assert agent.stations.sender.tallies()["one"].processor_failures == {}
    assert agent.stations.processors.of_outputs == []
