"""Sessions: one for as long as the device stays the same, closed after its last run."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from orbital_runtime.clock import SystemClock
from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime.plugins.instances import Instances
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.plugins.sessions import IDLE, RUNS
from orbital_runtime.plugins.shared import Patience
from orbital_runtime.scheduler.scheduler import Scheduler
from orbital_runtime_testing.runs import settle
from orbital_runtime_testing.sessions import (
    LONG,
    Line,
    Lines,
    at,
)


async def test_a_session_lasts_as_long_as_its_device(make_rig):
    """Opened in the first run, kept over others and over new labels; facts are asked once, before it."""
    rig = make_rig()
    for task in (at("a"), at("a"), at("a", labels={"site": "x"}, interval=60.0)):
        assert (await rig.run(task)).up
    assert rig.plugin.diary == ["exclusive", "target", "open a", *["collect a"] * 3]
    assert rig.engine.exclusive(at("a")) == "fake:bus of a"
    assert rig.sessions.opened == {"fake": 1}


async def test_another_device_is_another_session(make_rig):
    """The old one is closed before the new one opens: a device may take one connection and no second."""
    rig = make_rig()
    await rig.run(at("a"))
    await rig.run(at("b"))
    assert rig.done() == ["open a", "collect a", "close a", "open b", "collect b"]
    assert rig.batches[-1].layout.origin.target == "b"


async def test_another_instance_is_another_session(make_rig):
    """Settings changed, or the plugin had to start again."""
    rig = make_rig()
    await rig.run(at("a"))
    before, rig.plugin = rig.plugin, Lines()
    await rig.run(at("a"))
    assert before.diary[-1] == "close a"
    assert rig.done() == ["open a", "collect a"]


async def test_a_task_that_is_gone_closes_its_session(make_rig):
    """And one that is back has a new one, which waits for the close."""
    rig = make_rig()
    await rig.run(at("a"))
    await rig.engine.forget(at("a"))
    await rig.run(at("a"))
    assert rig.done() == ["open a", "collect a", "close a", "open a", "collect a"]
    assert rig.sessions.opened == {"fake": 1}


async def test_what_idles_is_closed(make_rig):
    """After ten minutes without a run, or five intervals; the next run opens it again."""
    rig = make_rig()
    await rig.run(at("often", "often", interval=1.0))
    await rig.run(at("rare", "rare", interval=3600.0))
    rig.clock.advance(IDLE)
    rig.sessions.sweep()
    assert rig.sessions.opened == {"fake": 2}
    rig.clock.advance(1)
    rig.sessions.sweep()
    assert rig.sessions.opened == {"fake": 1}
    rig.clock.advance(3600.0 * RUNS)
    rig.sessions.sweep()
    assert rig.sessions.opened == {"fake": 0}
    await settle()
    assert rig.done()[-2:] == ["close often", "close rare"]
    await rig.run(at("often", "often", interval=1.0))
    assert rig.done() == ["open often", "collect often"]


async def test_a_plugin_stops_after_its_last_run_and_all_sessions(make_rig):
    """Also when a run goes on while nobody needs the plugin any more."""
    diary, running, finish, stopped = [], asyncio.Event(), asyncio.Event(), asyncio.Event()

    class Busy(Line):
        async def collect(self, ctx):
            running.set()
            await finish.wait()
            return await super().collect(ctx)

    class Stops(Lines):
        kind = Busy

        def __init__(self, config) -> None:
            super().__init__(config)
            self.diary = diary

        async def stop(self):
            diary.append("stop")
            stopped.set()

    rig = make_rig()
    instances = Instances(
        Registry.of(plugins=[Stops]), rig.sessions.end_all, patience=Patience(linger=0.0)
    )
    task = at("a")
    await instances.acquire(task)
    rig.plugin = instances.get(task)
    run = asyncio.create_task(rig.run(task))
    await running.wait()
    instances.release(task.key)
    for _ in range(3):
        await asyncio.sleep(0)
    assert "stop" not in diary
    finish.set()
    assert (await run).up
    async with asyncio.timeout(LONG):
        await stopped.wait()
    assert diary[-3:] == ["collect a", "close a", "stop"]
    await instances.stop_all()


async def test_a_task_removed_while_its_run_hangs_is_closed_when_that_is_given_up(make_rig):
    """The close may be what ends such a run; until the deadline it is nobody's to disturb."""
    running, closed = asyncio.Event(), asyncio.Event()

    class Stubborn(Line):
        async def collect(self, ctx):
            self.plugin.diary.append("collect a")
            running.set()
            while not closed.is_set():
                try:
                    await closed.wait()
                except asyncio.CancelledError:
                    self.plugin.diary.append("deadline a")
            return []

        async def close(self):
            await super().close()
            closed.set()

    rig = make_rig()
    rig.plugin.kind = Stubborn
    scheduler = Scheduler(
        rig.engine.run,
        clock=SystemClock(),
        exclusive=rig.engine.exclusive,
        forget=rig.engine.forget,
    )
    scheduler.put([at("a", timeout=0.2)])
    asking = asyncio.create_task(scheduler.trigger("t"))
    await running.wait()
    scheduler.remove(list(scheduler.states()))
    assert (await asking).error_kind == "Timeout"
    async with asyncio.timeout(LONG):
        await closed.wait()
    assert rig.done() == ["open a", "collect a", "deadline a", "close a"]
    await scheduler.stop(0)


async def test_a_test_has_a_session_of_its_own(make_rig):
    """Opened and closed for it; the task's goes on."""

    class Tested(Line):
        def test(self, ctx):
            return f"{self.device.host} answers, {self.runs} runs"

    rig = make_rig()
    rig.plugin.kind = Tested
    await rig.run(at("a"))
    assert await rig.engine.test(at("a")) == "a answers, 0 runs"
    await rig.run(at("a"))
    assert rig.done() == ["open a", "collect a", "open a", "close a", "collect a"]


async def test_a_test_without_words_collects(make_rig):
    """And closes what it opened."""
    rig = make_rig()
    assert await rig.engine.test(at("a")) == "a answers: 1 sample"
    assert rig.done() == ["open a", "collect a", "close a"]


async def test_a_reload_of_other_parts_keeps_sessions(make_rig):
    """What was learned of a device is not lost to a new name of the sentinel."""
    rig = make_rig()
    await rig.run(at("a"))
    rig.engine.reconfigure(
        identity=replace(rig.engine.identity, name="other"), processors=(), limits=RunLimits()
    )
    await rig.run(at("a"))
    assert rig.done() == ["open a", "collect a", "collect a"]
