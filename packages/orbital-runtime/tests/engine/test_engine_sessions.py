"""Sessions: one for as long as the device stays the same, closed after its last run, each at its own cost."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from orbital_runtime.clock import ManualClock, SystemClock
from orbital_runtime.engine.engine import Engine
from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime.model import Status
from orbital_runtime.plugins.instances import Instances
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.plugins.sessions import IDLE, RUNS
from orbital_runtime.plugins.shared import Patience
from orbital_runtime.scheduler.scheduler import Scheduler
from orbital_runtime_testing.runs import Device, make_task, settle
from orbital_sdk import (
    AuthenticationFailed,
    ConfigurationError,
    DeviceUnreachable,
    Identity,
    Metric,
    Plugin,
    PluginConfig,
    Session,
)

VALUE = Metric("value", labels=("of",))
SOON = 0.02
"""Seconds: a deadline that a test waits for."""
LONG = 60.0
"""Seconds until a test that waits for an event fails."""


class GreenletTimeout(BaseException):
    """As gevent's."""


ANYTHING = (
    RuntimeError, GreenletTimeout, GeneratorExit, KeyboardInterrupt, SystemExit, asyncio.CancelledError,
)  # fmt: skip


class Line(Session):
    """Tells the diary."""

    def __init__(self, plugin, device) -> None:
        self.plugin, self.device, self.runs = plugin, device, 0

    async def collect(self, ctx):
        self.runs += 1
        self.plugin.diary.append(f"collect {self.device.host}")
        return [VALUE(self.runs, "a")]

    async def close(self):
        self.plugin.diary.append(f"close {self.device.host}")


class Lines(Plugin[Device, PluginConfig]):
    """A plugin of sessions."""

    name = "fake"
    max_threads = 2
    kind: type[Line] = Line
    diary: list[str]

    def __init__(self, config=None) -> None:
        super().__init__(config or PluginConfig())
        self.diary = []

    async def open(self, device):
        self.diary.append(f"open {device.host}")
        return self.kind(self, device)

    def target(self, device):
        self.diary.append("target")
        return device.host

    def exclusive(self, device):
        self.diary.append("exclusive")
        return f"bus of {device.host}"


class Rig:
    """An engine that asks for facts as a scheduler does, and whose plugin may be exchanged."""

    def __init__(self, plugin) -> None:
        self.plugin, self.batches = plugin, []
        self.pool, self.clock = ThreadPoolExecutor(plugin.max_threads), ManualClock()
        self.engine = Engine(
            identity=Identity("s1", "edge"), plugins=lambda task: self.plugin, pool=lambda name: self.pool,
            put=self.put, clock=self.clock, limits=RunLimits(cancel_grace=SOON, close=LONG),
        )  # fmt: skip
        self.sessions = self.engine.sessions

    async def put(self, batch):
        self.batches.append(batch)

    async def run(self, task=None):
        task = task or make_task()
        self.engine.exclusive(task)
        return await self.engine.run(task)

    def done(self):
        """What happened since the last call, facts left out."""
        told = [line for line in self.plugin.diary if " " in line]
        self.plugin.diary.clear()
        return told


def at(host, name="t", **changes):
    return make_task(name, device=Device(host=host), **changes)


@pytest.fixture
async def make_rig(caplog):
    caplog.set_level(logging.ERROR, "orbital")
    rigs = []

    def make(plugin=None):
        rigs.append(Rig(plugin or Lines()))
        return rigs[-1]

    yield make
    for rig in rigs:
        await rig.sessions.end_all(rig.plugin)
        rig.pool.shutdown()


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


@pytest.mark.parametrize(
    ("error", "kind", "pauses"),
    [
        (DeviceUnreachable("no answer"), "DeviceUnreachable", False),
        (AuthenticationFailed("no answer"), "AuthenticationFailed", True),
        (ConfigurationError("no answer"), "ConfigurationError", True),
        (KeyError("no answer"), "Bug", False),
        *[(kind("no answer"), "Bug", False) for kind in ANYTHING],
    ],
)
@pytest.mark.parametrize("form", ["async", "plain"])
async def test_an_open_that_fails_is_a_failed_run(make_rig, error, kind, pauses, form):
    """`up` is 0 under the device's name, the reason is told, and the next run tries again."""

    class Refuses(Lines):
        if form == "async":

            async def open(self, device):
                raise error

        else:

            def open(self, device):
                raise error

    rig = make_rig(Refuses())
    for _ in range(2):
        run = await rig.run(at("a"))
        assert (run.status, run.up, run.error_kind, run.pauses) == (
            Status.FAILED, False, kind, pauses,
        )  # fmt: skip
        assert "no answer" in run.error
    assert rig.batches[-1].layout.origin.target == "a"
    assert rig.sessions.opened == {}
    Refuses.open = Lines.open
    assert (await rig.run(at("a"))).up


async def test_an_open_that_gives_no_session_is_a_bug(make_rig):
    """A forgotten return is told in words."""

    class Forgets(Lines):
        async def open(self, device):
            Line(self, device)

    run = await make_rig(Forgets()).run()
    assert (run.error_kind, run.up) == ("Bug", False)
    assert "open() gave NoneType; return a Session" in run.error


class SlowLines(Lines):
    """Opens when it is told to, whoever cancels it."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def open(self, device):
        self.diary.append(f"open {device.host}")
        while not self.go.is_set():
            try:
                await self.go.wait()
            except asyncio.CancelledError:
                continue
        return self.kind(self, device)

    def exclusive(self, device):
        return None

    def release(self):
        self.go.set()


class BlockingLines(SlowLines):
    """The same on a thread."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def open(self, device):
        self.diary.append(f"open {device.host}")
        self.go.wait()
        return self.kind(self, device)


@pytest.mark.parametrize("form", [SlowLines, BlockingLines])
async def test_an_open_that_hangs_costs_its_own_task(make_rig, form):
    """Given up at the deadline and not begun again beside itself; a session that comes late is closed."""
    closed = asyncio.Event()

    class Told(Line):
        async def close(self):
            await super().close()
            closed.set()

    rig = make_rig(form())
    rig.plugin.kind = Told
    try:
        assert (await rig.run(at("a", timeout=SOON))).error_kind == "Timeout"
        assert (await rig.run(at("a", timeout=SOON))).error_kind == "StillRunning"
        assert rig.done() == ["open a"]
    finally:
        rig.plugin.release()
    async with asyncio.timeout(LONG):
        await closed.wait()
    assert rig.done() == ["close a"]
    assert (await rig.run(at("a"))).up
    assert rig.done() == ["open a", "collect a"]
    assert rig.sessions.opened == {"fake": 1}


@pytest.mark.parametrize("raises", ANYTHING)
@pytest.mark.parametrize("form", ["async", "plain"])
async def test_a_close_that_raises_costs_nothing_else(make_rig, caplog, raises, form):
    """It is counted each time and told once; the next session opens."""

    class Fails(Line):
        if form == "async":

            async def close(self):
                raise raises("oops")

        else:

            def close(self):
                raise raises("oops")

    rig = make_rig()
    rig.plugin.kind = Fails
    for host in ("a", "b", "a"):
        assert (await rig.run(at(host))).up
    assert rig.sessions.not_closed == {"fake": 2}
    (record,) = caplog.records
    told = f"plugin fake did not close its session with a: {raises.__name__}: oops; further ones"
    assert record.message.startswith(told)


async def test_a_close_that_hangs_costs_nothing_else(make_rig, caplog):
    """It is given up after its time, counted and told; other tasks go on meanwhile, and then its own."""
    closing = asyncio.Event()

    class Hangs(Line):
        async def close(self):
            closing.set()
            await asyncio.Event().wait()

    rig = make_rig()
    rig.plugin.kind = Hangs
    rig.sessions._closer.seconds = SOON
    await rig.run(at("a"))
    again = asyncio.create_task(rig.run(at("b")))
    await closing.wait()
    assert (await rig.run(at("c", "other"))).up
    assert (await again).up
    assert rig.sessions.not_closed == {"fake": 1}
    assert "did not close its session with a: no result within 0.02 s" in caplog.text


async def test_a_close_that_blocks_its_thread_is_left_behind(make_rig):
    """The thread is counted as stuck until it returns; the next session opens all the same."""
    go = threading.Event()

    class Blocks(Line):
        def close(self):
            go.wait()

    rig = make_rig()
    rig.plugin.kind = Blocks
    rig.sessions._closer.seconds = SOON
    try:
        for host in ("a", "b"):
            assert (await rig.run(at(host))).up
        assert rig.sessions.not_closed == {"fake": 1}
        assert rig.engine.invoker.overruns.stuck == {"fake": 1}
    finally:
        go.set()


async def test_a_run_of_another_device_waits_for_the_close_no_longer_than_it_may(make_rig):
    """Where the session before takes longer than the run has: said so, and tried again at the next tick."""
    go = asyncio.Event()

    class Slow(Line):
        async def close(self):
            await go.wait()

    rig = make_rig()
    rig.plugin.kind = Slow
    await rig.run(at("a"))
    run = await rig.run(at("b", timeout=SOON))
    assert (run.error_kind, run.up) == ("StillRunning", False)
    assert "session before this one is still being closed" in run.error
    go.set()
    assert (await rig.run(at("b"))).up


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
    assert await rig.engine.test(at("a")) == "a answers: 1 samples"
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
