"""Bad plugins: the task fails or the sample is refused and counted, and all else goes on."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from orbital_runtime.clock import ManualClock, SystemClock
from orbital_runtime.engine.engine import Engine
from orbital_runtime.engine.report import METRICS
from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime.model import Status
from orbital_runtime.scheduler.scheduler import Scheduler
from orbital_runtime_testing.runs import Device, make_task
from orbital_sdk import (
    Columns,
    DeviceUnreachable,
    Identity,
    Metric,
    PartialCollect,
    Plugin,
    PluginConfig,
    Processor,
    ProcessorConfig,
)

VALUE = Metric("value", labels=("of",))


class Base(Plugin[Device, PluginConfig]):
    name = "bad"

    def __init__(self) -> None:
        super().__init__(PluginConfig())


class Raises(Base):
    async def collect(self, device, ctx):
        yield VALUE(1, "before")
        raise KeyError("host")


class RaisesBlocking(Base):
    def collect(self, device, ctx):
        yield VALUE(1, "before")
        raise KeyError("host")


class Exits(Base):
    async def collect(self, device, ctx):
        sys.exit("bye")


class ExitsBlocking(Base):
    def collect(self, device, ctx):
        sys.exit("bye")


class CancelsItself(Base):
    async def collect(self, device, ctx):
        raise asyncio.CancelledError


class StopIterationOut(Base):
    def collect(self, device, ctx):
        return [next(iter(()))]


class Nothing(Base):
    async def collect(self, device, ctx):
        return None


class Map(Base):
    async def collect(self, device, ctx):
        return {"load": 1.0}


class Uneven(Base):
    async def collect(self, device, ctx):
        return Columns((VALUE.series("a"), VALUE.series("b")), [1])


class Mute(Exception):  # noqa: N818 (a stranger's)
    def __str__(self) -> str:
        raise RuntimeError("even this")


class MuteError(Base):
    async def collect(self, device, ctx):
        raise Mute


class Novel(Base):
    async def collect(self, device, ctx):
        raise DeviceUnreachable("x\n" * 1_000_000)


class BadRescue(Base):
    async def collect(self, device, ctx):
        raise DeviceUnreachable("no answer", samples=42)


def engine_of(plugins, put, processors=(), **limits):
    pool = ThreadPoolExecutor(2)
    engine = Engine(
        identity=Identity("s1", "edge"),
        plugins=plugins if callable(plugins) else lambda task: plugins[task.plugin],
        pool=lambda name: pool,
        put=put,
        processors=processors,
        clock=ManualClock(),
        limits=RunLimits(**limits),
    )
    return engine, pool


@pytest.fixture
async def collect_with():
    """Runs one collection of a plugin: the run, and label `of` (or name) -> value."""
    pools = []

    async def go(plugin, times=1, **limits):
        got = {}

        async def put(batch):
            got.update({dict(r.labels).get("of", r.name): v for r, _, v in batch.items()})

        engine, pool = engine_of(lambda task: plugin, put, **limits)
        pools.append(pool)
        for _ in range(times):
            run = await engine.run(make_task(plugin="bad", timeout=120))
            engine._clock.advance(10)
        return engine, run, got

    yield go
    for pool in pools:
        pool.shutdown()


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level(logging.CRITICAL, "orbital")


@pytest.mark.parametrize(
    ("plugin", "words"),
    [
        (Raises, "KeyError: 'host'"),
        (RaisesBlocking, "KeyError: 'host'"),
        (Exits, "SystemExit: bye (test_engine_bad_plugins.py:"),
        (ExitsBlocking, "SystemExit: bye (test_engine_bad_plugins.py:"),
        (CancelsItself, "CancelledError (test_engine_bad_plugins.py:"),
        (StopIterationOut, "StopIteration"),
        (Nothing, "NoneType"),
        (Map, "collect() gave dict; yield samples"),
        (Uneven, "not as many values"),
        (MuteError, "Mute"),
    ],
)
async def test_a_bug_costs_its_own_run(collect_with, plugin, words):
    """Whatever it raises: a failed run that names the plugin, the error and the place; `up 0`; counted; and
    samples that came before it are kept.
    """
    engine, run, got = await collect_with(plugin())
    assert (run.status, run.up, run.error_kind) == (Status.FAILED, False, "Bug")
    assert "plugin 'bad' has a bug" in run.error
    assert words in run.error
    assert got["up"] == 0
    assert engine.totals.bugs == {"bad": 1}
    if plugin in {Raises, RaisesBlocking}:
        assert got["before"] == 1
        assert "test_engine_bad_plugins.py:" in run.error


async def test_a_bug_is_logged_once_with_its_traceback(collect_with, caplog):
    """Once a task, type and place; every one is counted."""
    caplog.set_level(logging.ERROR, "orbital")
    engine, _, _ = await collect_with(Raises(), times=5)
    assert engine.totals.bugs == {"bad": 5}
    (record,) = caplog.records
    assert "Traceback" in caplog.text
    assert record.__dict__["task"] == "t"


@pytest.mark.parametrize("plugin", [Raises, RaisesBlocking, ExitsBlocking])
async def test_a_bugs_traceback_begins_in_the_plugin(collect_with, caplog, plugin):
    """Its author reads his own lines, and not those of the agent that called them."""
    caplog.set_level(logging.ERROR, "orbital")
    await collect_with(plugin())
    first, *others = re.findall(r'File "(.*)", line', caplog.text)
    assert first == __file__
    assert not others


async def test_a_bug_that_shows_outside_of_the_plugin_has_all_its_traceback(collect_with, caplog):
    """An answer that is none: there is no line of the plugin to begin with."""
    caplog.set_level(logging.ERROR, "orbital")
    await collect_with(Map())
    assert "invoke.py" in caplog.text


async def test_an_error_stays_readable(collect_with):
    """A device may answer with a book: one line, of bearable length."""
    _, run, _ = await collect_with(Novel())
    assert len(run.error) < 1100
    assert "\n" not in run.error


async def test_an_error_does_not_show_the_user_of_a_url(collect_with):
    """Foreign libraries put whole URLs into their messages."""

    class Leaky(Base):
        async def collect(self, device, ctx):
            raise OSError("no route to https://admin:hunter2@device.test/api")

    _, run, _ = await collect_with(Leaky())
    assert "hunter2" not in run.error
    assert "https://device.test/api" in run.error


async def test_foreign_things_among_the_samples_of_an_error(collect_with):
    """Not even a malformed error breaks the run."""
    _, run, got = await collect_with(BadRescue())
    assert run.error_kind == "DeviceUnreachable"
    assert got["up"] == 0


@pytest.mark.parametrize("blocking", [False, True])
@pytest.mark.parametrize("form", ["generator", "list", "columns"])
async def test_far_more_samples_than_allowed(collect_with, form, blocking):
    """More than allowed: the first ones are kept, and the run says that it is not all of it."""
    many = 20_000

    def samples():
        for n in range(many):
            yield VALUE(n, str(n % 100))

    def answer():
        if form == "columns":
            series = tuple(VALUE.series(str(n)) for n in range(100))
            return Columns(series * (many // 100), [1.0] * many)
        return list(samples())

    class Async(Base):
        async def collect(self, device, ctx):
            return answer()

    class AsyncGenerator(Base):
        async def collect(self, device, ctx):
            for sample in samples():
                yield sample

    class Thread(Base):
        def collect(self, device, ctx):
            return samples() if form == "generator" else answer()

    plugin = Thread() if blocking else AsyncGenerator() if form == "generator" else Async()
    engine, run, got = await collect_with(plugin, samples=100)
    assert run.error_kind == "TooManySamples"
    assert (run.status, run.up, run.samples) == (Status.SUCCESS, True, 100)
    known = form != "generator"
    of = "20,000" if known else "more"
    assert run.error.startswith(f"the first 100 samples were kept, of {of}: raise collector.limits")
    assert engine.totals.refused["sample_limit"] == (many - 100 if known else 1)
    assert got["up"] == 1


async def test_samples_of_an_error_are_limited_too(collect_with):
    """A device with a table that fails and more than allowed in the others: both are said."""

    class Half(Base):
        async def collect(self, device, ctx):
            samples = [VALUE(n, str(n)) for n in range(150)]
            raise PartialCollect("one table is missing", samples=samples)

    engine, run, _ = await collect_with(Half(), samples=100)
    assert (run.status, run.samples, run.error_kind) == (Status.SUCCESS, 100, "PartialCollect")
    assert run.error.startswith("one table is missing; the first 100 samples were kept")
    assert engine.totals.refused["sample_limit"] >= 1


async def test_new_series_for_ever(collect_with):
    """A plugin that invents labels: what it may give is bounded, and so is what is remembered."""

    class Inventive(Base):
        runs = 0

        async def collect(self, device, ctx):
            self.runs += 1
            for n in range(2000):
                yield VALUE(n, f"{self.runs}-{n}")

    engine, run, _ = await collect_with(Inventive(), times=20, series=2500)
    assert engine.totals.samples == 2500
    assert engine.totals.refused == {"series_limit": 20 * 2000 - 2500}
    assert (run.status, run.samples, run.series) == (Status.SUCCESS, 0, 2500)
    assert run.error_kind == "TooManySeries"
    assert run.error == (
        "2,000 samples were left out: the task gave more than 2500 different series within an hour"
        " (collector.limits.series_per_task): what grows is the label 'of' of value"
    )
    assert len(engine._records._by_task["t"].batcher._rows) < 10_000


@pytest.mark.parametrize(("count", "aside"), [(100, False), (50_000, True)])
async def test_a_large_collection_does_not_hold_the_loop(collect_with, count, aside):
    """Fifty thousand new series are batched on a thread, where the loop goes on meanwhile; a usual collection
    is not worth it.
    """
    threads = set()

    class Watch(Processor[ProcessorConfig]):
        name = "watch"

        def plan(self, layout):
            threads.add(threading.get_ident())
            return layout.rows

    class Large(Base):
        async def collect(self, device, ctx):
            return [VALUE(n, str(n)) for n in range(count)]

    _, run, got = await collect_with(Large(), processors=[Watch(ProcessorConfig())])
    assert run.samples == count
    assert len(got) == count + len(METRICS)
    assert (threading.get_ident() not in threads) == aside


async def test_all_else_goes_on():
    """A plugin of each bad kind beside a good one, run by the scheduler with the machine's clock: the good
    one never fails, and every bad one fails in its own way.
    """

    class Hangs(Base):
        async def collect(self, device, ctx):
            await asyncio.Event().wait()
            yield VALUE(1, "never")

    class NotNumbers(Base):
        async def collect(self, device, ctx):
            return [VALUE(float("nan"), "nan"), VALUE(1, "x" * 10_000), VALUE(2, "good")]

    class Good(Base):
        async def collect(self, device, ctx):
            return [VALUE(1, "a")]

    plugins = {
        "raises": Raises(), "exits": Exits(), "hangs": Hangs(), "nan": NotNumbers(), "good": Good(),
    }  # fmt: skip

    async def put(batch):
        pass

    enough = asyncio.Event()

    def on_run(task, run):
        if scheduler.states()["good"][1].runs >= 10:
            enough.set()

    engine, pool = engine_of(plugins, put, cancel_grace=0.01)
    engine._clock = SystemClock()
    scheduler = Scheduler(
        engine.run,
        clock=SystemClock(),
        exclusive=engine.exclusive,
        forget=engine.forget,
        on_run=on_run,
    )
    scheduler.put([make_task(name, plugin=name, interval=0.2, timeout=0.05) for name in plugins])
    scheduler.start()
    await enough.wait()
    await scheduler.stop()
    pool.shutdown()
    states = {key: its for key, (_, its) in scheduler.states().items()}
    assert states["good"].failed == 0
    for name in ("raises", "exits"):
        assert states[name].failed == states[name].runs > 1
        assert states[name].last.error_kind == "Bug"
    assert states["hangs"].last.error_kind in {"Timeout", "Cancelled"}
    assert states["nan"].last.samples == 2
    assert engine.totals.refused["nan"] == states["nan"].runs > 1
    assert engine.totals.cut_labels == 1
