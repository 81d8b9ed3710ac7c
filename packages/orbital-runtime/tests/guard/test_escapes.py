"""What a stranger raises that is no `Exception` ends its own work, and nothing else."""

from __future__ import annotations

import asyncio
import logging
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from orbital_runtime.clock import ManualClock, SystemClock
from orbital_runtime.engine.engine import Engine
from orbital_runtime.guard.calls.within import within
from orbital_runtime.guard.calls.work import Work
from orbital_runtime.guard.escape import Escape, contained, origin
from orbital_runtime.model import Status
from orbital_runtime.plugins.instances import Instances
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.scheduler.scheduler import Scheduler
from orbital_runtime_testing.runs import Device, make_task, settle
from orbital_sdk import Identity, Metric, Plugin, PluginConfig

VALUE = Metric("value")


class GreenletTimeout(BaseException):
    """As gevent's and eventlet's."""


WILD = (GreenletTimeout, GeneratorExit, KeyboardInterrupt, SystemExit, asyncio.CancelledError)


class Wild(Plugin[Device, PluginConfig]):
    name = "wild"
    raises: type[BaseException] = GreenletTimeout

    def __init__(self, config=None) -> None:
        super().__init__(config or PluginConfig())


class AsyncGenerator(Wild):
    async def collect(self, device, ctx):
        yield VALUE(1)
        raise self.raises


class Coroutine(Wild):
    async def collect(self, device, ctx):
        await asyncio.sleep(0)
        raise self.raises


class Blocking(Wild):
    def collect(self, device, ctx):
        raise self.raises


class Generator(Wild):
    def collect(self, device, ctx):
        yield VALUE(1)
        raise self.raises


class Child(Wild):
    """In a task of its own, which it awaits."""

    async def collect(self, device, ctx):
        future = asyncio.get_running_loop().create_future()
        future.set_exception(self.raises())
        await future


class Exclusive(Wild):
    def exclusive(self, device):
        raise self.raises

    async def collect(self, device, ctx):
        return []


FORMS = (AsyncGenerator, Coroutine, Blocking, Generator, Child, Exclusive)


@pytest.fixture
async def agent():
    """A scheduler with one slot and an engine, without the rest."""
    pool, began = ThreadPoolExecutor(2), []

    def make(plugin):
        async def put(batch):
            pass

        engine = Engine(
            identity=Identity("s1", "edge"), plugins=lambda task: plugin, pool=lambda name: pool,
            put=put, clock=ManualClock(),
        )  # fmt: skip
        scheduler = Scheduler(
            engine.run,
            clock=SystemClock(),
            slots=1,
            exclusive=engine.exclusive,
            forget=engine.forget,
        )
        began.append(scheduler)
        return engine, scheduler

    yield make
    for scheduler in began:
        await scheduler.stop(0)
    pool.shutdown()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("raises", WILD)
async def test_a_run_that_raises_anything_ends(agent, caplog, form, raises):
    """It fails as a bug of its plugin, counted each time and logged once; its slot is free for the next."""
    caplog.set_level(logging.ERROR, "orbital")
    plugin = form()
    plugin.raises = raises
    engine, scheduler = agent(plugin)
    scheduler.put([make_task("t", plugin="wild")])
    for _ in range(3):
        run = await scheduler.trigger("t")
        assert (run.status, run.error_kind) == (Status.FAILED, "Bug")
        assert f"plugin 'wild' has a bug: {raises.__name__}" in run.error
    assert scheduler.running == 0
    assert engine.totals.bugs == {"wild": 3}
    assert len(caplog.records) == 1


class Suicidal(Wild):
    """Cancels the task that it runs in, which is the run's."""

    async def collect(self, device, ctx):
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)


async def test_a_run_that_cancels_itself_ends(agent, caplog):
    """It is no stop of the agent: the run broke, the slot is free, the next one runs."""
    caplog.set_level(logging.CRITICAL, "orbital")
    _, scheduler = agent(Suicidal())
    scheduler.put([make_task("t", plugin="wild")])
    for _ in range(3):
        assert (await scheduler.trigger("t")).error_kind == "Bug"
    assert scheduler.running == 0
    assert scheduler.totals.cancelled == 0


async def test_a_stop_still_cancels(agent):
    """A cancellation of ours goes through, and is told as one."""

    class Hangs(Wild):
        async def collect(self, device, ctx):
            await asyncio.Event().wait()

    _, scheduler = agent(Hangs())
    scheduler.put([make_task("t", plugin="wild", timeout=3600)])
    asking = asyncio.create_task(scheduler.trigger("t"))
    await settle()
    await scheduler.stop(0)
    assert (await asking).error_kind == "Cancelled"
    assert scheduler.totals.cancelled == 1


@pytest.mark.parametrize("raises", WILD)
@pytest.mark.parametrize("where", ["__init__", "start", "stop"])
async def test_starting_and_stopping_may_raise_anything(caplog, raises, where):
    """A plugin that cannot start says why; one that cannot stop is told, and all else stops."""
    caplog.set_level(logging.ERROR, "orbital")

    class Stubborn(Wild):
        def __init__(self, config):
            super().__init__(config)
            if where == "__init__":
                raise raises

        async def start(self, host):
            if where == "start":
                raise raises

        async def stop(self):
            if where == "stop":
                raise raises

    instances = Instances(Registry.of(plugins=[Stubborn]))
    await instances.acquire(make_task("t", plugin="wild"))
    if where == "stop":
        assert instances.running() == ["wild"]
    else:
        assert instances.failed() == {"wild": f"plugin 'wild' did not start: {raises.__name__}"}
    await instances.stop_all()
    assert raises.__name__ in caplog.text


@pytest.mark.parametrize("raises", WILD)
async def test_a_test_of_the_connection_may_raise_anything(agent, raises):
    """Whoever asked is told of the bug."""

    class Tested(Wild):
        async def test_connection(self, device, ctx):
            raise raises

    engine, _ = agent(Tested())
    with pytest.raises(Exception, match=f"plugin 'wild' has a bug: {raises.__name__}"):
        await engine.test(make_task("t", plugin="wild"))


async def test_who_waits_within_a_limit_may_be_cancelled():
    """That is nobody's escape."""
    waiting = asyncio.create_task(within(60, Work(asyncio.sleep(60), "p")))
    await settle()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_an_escape_keeps_what_was_raised():
    """Its cause is what people are told about; an `Exception` stays as it is."""
    with pytest.raises(Escape) as caught, contained:
        raise GreenletTimeout("5 seconds")
    assert repr(origin(caught.value)) == "GreenletTimeout('5 seconds')"
    with pytest.raises(KeyError) as kept, contained:
        raise KeyError("host")
    assert origin(kept.value) is kept.value


def test_the_users_own_interrupt_goes_through(request):
    """Where no agent runs, Ctrl-C ends a command in the middle of a plugin."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job's shell may ignore it
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    with pytest.raises(KeyboardInterrupt), contained:
        raise KeyboardInterrupt
