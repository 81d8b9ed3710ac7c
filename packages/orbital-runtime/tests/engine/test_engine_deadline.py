"""Deadlines hold, whatever a plugin does; what got out of hand costs its own task and no other."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from orbital_runtime.clock import ManualClock
from orbital_runtime.engine.engine import Engine
from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime.model import Status
from orbital_runtime_testing.runs import Device, make_task
from orbital_sdk import Identity, Metric, Plugin, PluginConfig

VALUE = Metric("value", labels=("of",))
SOON = 0.02
"""Seconds: a deadline that a test waits for."""


class Held(Plugin[Device, PluginConfig]):
    """A plugin of which some devices hang."""

    name = "held"
    max_threads = 2

    def __init__(self) -> None:
        super().__init__(PluginConfig())
        self.go = threading.Event()
        self.cancelled = 0
        self.started = []

    def hangs(self, device) -> bool:
        return device.host.startswith("hung")


class Sleeping(Held):
    async def collect(self, device, ctx):
        yield VALUE(1, "before")
        if self.hangs(device):
            try:
                await asyncio.Event().wait()
            finally:
                self.cancelled += 1
        yield VALUE(2, "after")


class Stubborn(Held):
    """Swallows its cancellation."""

    def __init__(self) -> None:
        super().__init__()
        self.end = asyncio.Event()

    async def collect(self, device, ctx):
        self.started.append(device.host)
        while self.hangs(device) and not self.end.is_set():
            try:
                await self.end.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
        return [VALUE(1, "a")]


class Blocking(Held):
    """Blocks its thread."""

    def collect(self, device, ctx):
        self.started.append(device.host)
        yield VALUE(1, "before")
        if self.hangs(device):
            self.go.wait()
        yield VALUE(2, "after")


class Rig:
    def __init__(self, plugin):
        self.plugin = plugin
        self.batches = []
        self.pool = ThreadPoolExecutor(plugin.max_threads)
        self.engine = Engine(
            identity=Identity("s1", "edge"),
            plugins=lambda task: plugin,
            pool=lambda name: self.pool,
            put=self.put,
            clock=ManualClock(),
            limits=RunLimits(cancel_grace=SOON),
        )
        self.overruns = self.engine.invoker.overruns

    async def put(self, batch):
        self.batches.append(batch)

    def close(self):
        self.plugin.go.set()
        self.pool.shutdown()

    def last(self):
        return {dict(r.labels).get("of", r.name): v for r, _, v in self.batches[-1].items()}


def hung(name="t"):
    return make_task(name, device=Device(host=f"hung-{name}"), timeout=SOON)


@pytest.fixture
async def make_rig():
    rigs = []

    def make(plugin):
        rigs.append(Rig(plugin))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level(logging.CRITICAL, "orbital")


async def until(condition):
    """The condition depends on a thread that is about to end."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 (a thread has no event to await)
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("plugin", [Sleeping, Stubborn, Blocking])
async def test_a_timeout_is_a_timeout(make_rig, plugin):
    """B-14 of the older sentinel: timeouts were not enforced, and a hung target kept its worker for ever.

    Ours: an await that never ends, a coroutine that swallows its cancellation and a thread that blocks all
    give a failed run at the deadline, which says so; the device is down, the samples before it are kept.
    """
    rig = make_rig(plugin())
    run = await rig.engine.run(hung())
    assert (run.status, run.up, run.error_kind) == (Status.FAILED, False, "Timeout")
    assert "0.02 s" in run.error
    assert rig.last()["up"] == 0
    assert ("before" in rig.last()) == (plugin is not Stubborn)
    if plugin is Stubborn:
        rig.plugin.end.set()


async def test_a_cancelled_coroutine_is_really_over(make_rig):
    """Its own clean-up ran, nothing of it is left, and the next run is tried again."""
    rig = make_rig(Sleeping())
    for _ in range(3):
        await rig.engine.run(hung())
    assert rig.plugin.cancelled == 3
    assert rig.overruns.abandoned.total() == rig.overruns.stuck.total() == 0
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not others


async def test_a_coroutine_that_swallows_its_cancellation_is_abandoned(make_rig):
    """It is counted, its task does not pile up more of them, others go on; and once it ends all is well."""
    rig = make_rig(Stubborn())
    await rig.engine.run(hung())
    assert rig.plugin.cancelled == 1
    assert rig.overruns.abandoned == {"held": 1}
    run = await rig.engine.run(hung())
    assert run.error_kind == "StillRunning"
    assert "'t'" in run.error
    assert rig.plugin.started == ["hung-t"]
    assert (await rig.engine.run(make_task("other"))).up
    rig.plugin.end.set()
    await until(lambda: rig.overruns.abandoned["held"] == 0)
    assert rig.overruns.abandoned_total == {"held": 1}
    assert (await rig.engine.run(hung())).up


async def test_a_blocked_thread_is_stuck_until_it_returns(make_rig):
    """Counted while it lasts, and in all; its task does not take a second thread; then it runs again."""
    rig = make_rig(Blocking())
    await rig.engine.run(hung())
    assert rig.overruns.stuck == {"held": 1}
    for _ in range(3):
        run = await rig.engine.run(hung())
        assert run.error_kind == "StillRunning"
    assert rig.plugin.started == ["hung-t"]
    assert rig.overruns.stuck == {"held": 1}
    assert (await rig.engine.run(make_task("other"))).up
    rig.plugin.go.set()
    await until(lambda: rig.overruns.stuck["held"] == 0)
    assert rig.overruns.stuck_total == {"held": 1}
    assert (await rig.engine.run(hung())).up


async def test_when_all_threads_are_stuck_runs_fail_at_once(make_rig):
    """Two of two threads hang: other tasks of the plugin are told why they cannot run, without waiting."""
    rig = make_rig(Blocking())
    await asyncio.gather(*[rig.engine.run(hung(f"h{n}")) for n in range(2)])
    run = await rig.engine.run(make_task("innocent", timeout=3600))
    assert run.error_kind == "StillRunning"
    assert "all 2 threads of plugin 'held' are stuck" in run.error
    rig.plugin.go.set()
    await until(lambda: rig.overruns.stuck["held"] == 0)
    assert (await rig.engine.run(make_task("innocent"))).up


async def test_a_run_that_gets_no_thread_in_time(make_rig):
    """It was never started: the message is about the plugin's threads, not about the device."""
    rig = make_rig(Blocking())
    rig.plugin.max_threads = 3  # it says so, but its pool has two
    slow = [
        asyncio.create_task(
            rig.engine.run(make_task(f"s{n}", device=Device(host="hung"), timeout=60))
        )
        for n in range(2)
    ]
    await until(lambda: len(rig.plugin.started) == 2)
    run = await rig.engine.run(hung("late"))
    assert run.error_kind == "NoThread"
    assert rig.overruns.stuck.total() == 0
    rig.plugin.go.set()
    assert all(run.up for run in await asyncio.gather(*slow))
    assert "hung-late" not in rig.plugin.started


class Bus(Blocking):
    def exclusive(self, device):
        return "bus-1"


async def test_a_stuck_thread_keeps_its_bus(make_rig):
    """Whoever shares what it holds must not use it at the same time: it fails, and says who holds it."""
    rig = make_rig(Bus())
    await rig.engine.run(hung())
    run = await rig.engine.run(make_task("neighbour"))
    assert run.error_kind == "StillRunning"
    assert "'t'" in run.error
    rig.plugin.go.set()
    await until(lambda: rig.overruns.stuck["held"] == 0)
    assert (await rig.engine.run(make_task("neighbour"))).up


async def test_samples_of_a_stuck_thread_do_not_arrive_later(make_rig):
    """What it reads after its deadline belongs to no run."""
    rig = make_rig(Blocking())
    await rig.engine.run(hung())
    before = len(rig.batches)
    rig.plugin.go.set()
    await until(lambda: rig.overruns.stuck["held"] == 0)
    assert len(rig.batches) == before
    assert "after" not in rig.last()


@pytest.mark.parametrize("plugin", [Sleeping, Blocking])
async def test_a_cancelled_run_lets_go(make_rig, plugin):
    """The agent stops: the run ends as cancelled, and a thread that goes on is counted."""
    rig = make_rig(plugin())
    task = make_task(device=Device(host="hung"), timeout=3600)
    run = asyncio.create_task(rig.engine.run(task))
    if plugin is Sleeping:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    else:
        await until(lambda: bool(rig.plugin.started))
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert rig.overruns.stuck["held"] == (plugin is Blocking)


class Patient(Held):
    """Has timeouts of its own, and cleans up behind them with an await."""

    async def collect(self, device, ctx):
        for _ in range(2):
            try:
                async with asyncio.timeout(0):
                    try:
                        await asyncio.Event().wait()
                    finally:
                        await asyncio.sleep(0)
            except TimeoutError:
                self.cancelled += 1
        return [VALUE(self.cancelled, "timeouts")]


async def test_a_plugins_own_timeouts_are_its_own(make_rig):
    """They cancel the same task, and end neither the run nor what it gives."""
    rig = make_rig(Patient())
    run = await rig.engine.run(make_task(timeout=60))
    assert run.up
    assert rig.last()["timeouts"] == 2


class Tidy(Held):
    """Cleans up with an await when it is cancelled."""

    async def collect(self, device, ctx):
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.cancelled += 1
        yield VALUE(1)


async def test_what_cleans_up_at_the_deadline_is_waited_for(make_rig):
    """It is told once, gets its grace, and is not taken for one that goes on."""
    rig = make_rig(Tidy())
    run = await rig.engine.run(hung())
    assert run.error_kind == "Timeout"
    assert rig.plugin.cancelled == 1
    assert rig.overruns.abandoned_total.total() == 0


async def test_each_of_many_deadlines_holds(make_rig):
    """One timer watches all: near and far deadlines, set in any order, are each met on their own."""
    rig = make_rig(Sleeping())
    far = [
        asyncio.create_task(
            rig.engine.run(make_task(f"f{n}", device=Device(host="hung"), timeout=60))
        )
        for n in range(3)
    ]
    near = [hung("a"), hung("b"), make_task("c", device=Device(host="hung"), timeout=3 * SOON)]
    runs = await asyncio.gather(*[rig.engine.run(task) for task in near])
    assert [run.error_kind for run in runs] == ["Timeout"] * 3
    assert not any(run.done() for run in far)
    for run in far:
        run.cancel()
    await asyncio.wait(far)


async def test_a_run_cancelled_at_its_deadline_is_cancelled(make_rig):
    """Somebody cancels the run while it is being cut: that is not swallowed."""
    rig = make_rig(Stubborn())
    run = asyncio.create_task(rig.engine.run(hung()))
    await until(lambda: rig.plugin.cancelled == 1)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert rig.overruns.abandoned == {"held": 1}
    rig.plugin.end.set()
    await until(lambda: rig.overruns.abandoned["held"] == 0)


async def test_a_hung_device_does_not_hold_the_others(make_rig):
    """Fifty devices, one of them hung: forty-nine answer while it still hangs."""
    rig = make_rig(Sleeping())
    hanging = asyncio.create_task(
        rig.engine.run(make_task("hung", device=Device(host="hung"), timeout=3600))
    )
    runs = await asyncio.gather(*[rig.engine.run(make_task(f"t{n}")) for n in range(49)])
    assert all(run.up for run in runs)
    assert not hanging.done()
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
