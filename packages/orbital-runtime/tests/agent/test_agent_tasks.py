"""Another list of tasks in a running agent: what comes of it when it is long, cut off, or partly broken."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, ClassVar

import pytest
import yaml

from orbital_runtime.agent import Agent
from orbital_runtime.agent.tasks import PORTION
from orbital_runtime.model import Status, Task
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.scheduler.assignment import Shard
from orbital_runtime.settings import load
from orbital_sdk import ConfigurationError, DeviceFields, Metric, Plugin, PluginConfig, PluginHost
from orbital_sdk.testing import RecordingWriter

DAY = 86_400.0
LONG = 2 * PORTION + 50
"""Tasks: more than are taken on in one go."""


class Steady(Plugin[DeviceFields, PluginConfig]):
    """Answers at once."""

    name = "steady"
    value = Metric("steady_value", "One")

    async def collect(self, device, ctx):
        yield self.value(1.0)


class Slow(Steady):
    """Starts when it is told to."""

    name = "slow"
    begun: ClassVar[asyncio.Event]
    may_start: ClassVar[asyncio.Event]

    async def start(self, host: PluginHost) -> None:
        self.begun.set()
        await self.may_start.wait()


class Unhashable:
    """Says that it has a hash, and has none."""

    def __hash__(self) -> int:
        raise TypeError("no hash after all")


class Odd(PluginConfig):
    """Settings that cannot be compared."""

    thing: Any = None


@pytest.fixture
async def agent(tmp_path):
    """Runs, with no task."""
    Slow.begun, Slow.may_start = asyncio.Event(), asyncio.Event()
    registry = Registry.of(plugins=[Steady, Slow], writers=[RecordingWriter])
    direct = {"one": {"writer": "recording"}}
    settings = {
        "sentinel": {"id": "s1", "name": "s1"},
        "sender": {"mode": "direct", "direct": direct},
        "telemetry": {"enabled": False},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings))
    environ = {"XDG_DATA_HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    loaded = load(tmp_path / "config.yaml", environ, registry=registry)
    agent = Agent(loaded, registry, environ=environ)
    await agent.start()
    yield agent
    await agent.stop()


async def test_a_reload_takes_another_shard(agent, tmp_path):
    """`collector.shard` changed in the file: from then on this one runs its share, and gives up the rest."""
    path, states = tmp_path / "config.yaml", agent.stations.scheduler.states()
    settings = yaml.safe_load(path.read_text())
    settings["tasks"] = [{"id": f"t{n}", "plugin": "steady", "interval": "1h"} for n in range(40)]
    shares = []
    for shard in ("", "1/2", "2/2"):
        path.write_text(yaml.safe_dump(settings | {"collector": {"shard": shard}}))
        await agent.reload()
        shares.append(set(states))
    everything, first, second = shares
    assert len(everything) == 40
    assert first
    assert second
    assert first | second == everything
    assert not first & second


def task(name: str, plugin: str = "steady", config: PluginConfig | None = None, **more) -> Task:
    fields: dict[str, Any] = {"interval": DAY, "timeout": 5.0} | more
    return Task(name, name, plugin, DeviceFields(), config or PluginConfig(), **fields)


async def test_a_long_list_comes_changes_and_goes(agent):
    """All of it, though in portions; what is equal keeps its phase and its state, whatever the others do."""
    states, instances = agent.stations.scheduler.states(), agent.stations.instances
    first = [task(f"t{n}") for n in range(LONG)]
    await agent.stations.tasks.reconcile(first)
    assert list(states) == [one.key for one in first]
    await asyncio.gather(*(agent.stations.scheduler.trigger(one.key) for one in first))
    before = {key: (state, state.next_due) for key, (_, state) in states.items()}
    second = [task(f"t{n}", timeout=4.0 if n % 2 else 5.0) for n in range(LONG)]
    await agent.stations.tasks.reconcile([*second[PORTION:], task("new")])
    assert list(states) == [*(one.key for one in second[PORTION:]), "new"]
    for n in range(PORTION, LONG):
        known, state = states[f"t{n}"]
        assert known is (second if n % 2 else first)[n]
        assert (state, state.next_due) == before[f"t{n}"]
        assert state.runs == 1
    assert sorted(instances.holders()) == sorted(states)
    await agent.stations.tasks.reconcile([])
    assert (list(states), instances.holders()) == ([], [])


async def test_a_list_that_is_cut_off_is_made_good_by_the_next(agent):
    """It waits for a plugin when Core's link ends. The tasks of before go on, and nobody keeps a plugin for a
    task that never came.
    """
    scheduler, instances = agent.stations.scheduler, agent.stations.instances
    await agent.stations.tasks.reconcile([task("here")])
    long = [task("here", timeout=4.0), *(task(f"t{n}", "slow") for n in range(LONG))]
    going_over = asyncio.create_task(agent.stations.tasks.reconcile(long))
    await Slow.begun.wait()
    going_over.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going_over
    assert list(scheduler.states()) == ["here"]
    assert (await scheduler.trigger("here")).status is Status.SUCCESS
    await agent.stations.tasks.reconcile([task("here", timeout=4.0), task("t7")])
    assert list(scheduler.states()) == ["here", "t7"]
    assert scheduler.states()["here"][0].timeout == 4.0
    assert sorted(instances.holders()) == ["here", "t7"]
    assert (await scheduler.trigger("t7")).status is Status.SUCCESS


async def test_of_two_lists_at_once_the_later_one_counts(agent):
    """It waits until the first is through."""
    states = agent.stations.scheduler.states()
    agent.loaded = replace(agent.loaded, tasks=(task("first", "slow"), task("both")))
    first = asyncio.create_task(agent.apply_tasks())
    await Slow.begun.wait()
    agent.loaded = replace(agent.loaded, tasks=(task("both"), task("second")))
    second = asyncio.create_task(agent.apply_tasks())
    Slow.may_start.set()
    await asyncio.gather(first, second)
    assert list(states) == ["both", "second"]


async def test_a_stop_in_the_middle_of_a_list_is_a_stop(agent):
    """What comes of the list afterwards starts no plugin and runs nothing."""
    stations = agent.stations
    agent.loaded = replace(agent.loaded, tasks=(task("a", "slow", interval=0.01), task("b")))
    applying = asyncio.create_task(agent.apply_tasks())
    await Slow.begun.wait()
    await agent.stop()
    await applying
    assert stations.instances.running() == []
    with pytest.raises(LookupError):
        await stations.scheduler.trigger("a")
    assert stations.scheduler.totals.runs == 0


async def test_a_key_that_stands_twice_changes_nothing(agent):
    """However far apart the two are."""
    await agent.stations.tasks.reconcile([task("here")])
    twice = [*(task(f"t{n}") for n in range(LONG)), task("t0", timeout=1.0)]
    with pytest.raises(ConfigurationError, match="two tasks have the id 't0'"):
        await agent.stations.tasks.reconcile(twice)
    assert list(agent.stations.scheduler.states()) == ["here"]
    assert agent.stations.instances.holders() == ["here"]


async def test_only_our_share_runs(agent):
    """The assignment decides before anything else: other members' tasks do not exist here."""
    shard = Shard(1, 2)
    agent.stations.tasks.assignment = shard
    tasks = [task(f"t{n}") for n in range(50)]
    await agent.stations.tasks.reconcile(tasks)
    ours = [each.key for each in tasks if shard.owner(each.device_id) == 1]
    assert list(agent.stations.scheduler.states()) == agent.stations.instances.holders() == ours
    assert 10 < len(ours) < 40


async def test_settings_that_cannot_be_compared_cost_their_task_alone(agent, caplog):
    """It is logged, its runs say that it has no plugin, and the others run."""
    await agent.stations.tasks.reconcile(
        [task("odd", config=Odd(thing=Unhashable())), task("good")]
    )
    scheduler = agent.stations.scheduler
    assert (await scheduler.trigger("good")).status is Status.SUCCESS
    run = await scheduler.trigger("odd")
    assert (run.status, "not started" in run.error) == (Status.FAILED, True)
    assert "task odd cannot get its plugin" in caplog.text


async def test_a_run_that_just_began_has_its_plugin_though_its_task_goes(agent):
    """It ends as any other."""
    await agent.stations.tasks.reconcile([task("going")])
    run = asyncio.create_task(agent.stations.scheduler.trigger("going"))
    going = asyncio.create_task(agent.stations.tasks.reconcile([]))
    await going
    assert (await run).status is Status.SUCCESS
    assert agent.stations.instances.holders() == []
