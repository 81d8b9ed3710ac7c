"""The engine: one run of a task, in every form a plugin may take, and what it means."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from orbital_runtime.clock import ManualClock
from orbital_runtime.engine.engine import Engine
from orbital_runtime.engine.limits import Limits
from orbital_runtime.scheduler.task import Status
from orbital_runtime.testing.runs import Device, make_task
from orbital_sdk import (
    AuthenticationFailed,
    CollectError,
    Columns,
    ConfigurationError,
    DeviceUnreachable,
    Identity,
    Metric,
    PartialCollect,
    Plugin,
    PluginConfig,
    Processor,
    ProcessorConfig,
    Row,
    UnexpectedReply,
)

VALUE = Metric("value", labels=("of",))


class Fake(Plugin[Device, PluginConfig]):
    """Does what its test says; every collect form is one of its subclasses."""

    name = "fake"
    value = VALUE

    def __init__(self) -> None:
        super().__init__(PluginConfig())
        self.error: Exception | None = None
        self.contexts = []

    async def collect(self, device, ctx):
        self.contexts.append(ctx)
        yield self.value(1, "a")
        yield self.value(2, "b")
        if self.error is not None:
            raise self.error


class Rig:
    """An engine with one plugin, and what went into its buffer."""

    def __init__(self, plugin, **settings):
        self.plugin = plugin
        self.clock = ManualClock()
        self.batches = []
        self.pool = ThreadPoolExecutor(2)
        self.engine = Engine(
            identity=Identity("s1", "edge"),
            plugins=lambda task: self.plugin,
            pool=lambda name: self.pool,
            put=self.put,
            clock=self.clock,
            **settings,
        )

    async def put(self, batch):
        self.batches.append(batch)

    def take(self):
        """Name or label `of` -> value, of all batches since the last call; the stale ones by name only."""
        taken = {}
        for batch in sorted(self.batches, key=lambda b: not b.stale):
            for row, _, value in batch.items():
                name = dict(row.labels).get("of", row.name)
                taken[name] = "stale" if batch.stale else value
        self.batches.clear()
        return taken

    async def run(self, task=None, seconds=10):
        run = await self.engine.run(task or make_task())
        self.clock.advance(seconds)
        return run


@pytest.fixture
def rig():
    rig = Rig(Fake())
    yield rig
    rig.pool.shutdown()


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level(logging.CRITICAL, "orbital")


async def test_a_run_that_goes_well(rig):
    """Samples and report are in the buffer, and the run says so."""
    run = await rig.run()
    assert (run.status, run.up, run.samples, run.error) == (Status.SUCCESS, True, 2, "")
    assert run.started_ms == 1_700_000_000_000
    taken = rig.take()
    assert (taken["a"], taken["b"], taken["up"], taken["scrape_samples_scraped"]) == (1, 2, 1, 2)
    assert rig.engine.totals.samples == 2


class AsList(Fake):
    async def collect(self, device, ctx):
        return [self.value(1, "a"), self.value(2, "b")]


class AsColumns(Fake):
    async def collect(self, device, ctx):
        return Columns((self.value.series("a"), self.value.series("b")), [1, 2])


class Blocking(Fake):
    def collect(self, device, ctx):
        return [self.value(1, "a"), self.value(2, "b")]


class BlockingGenerator(Fake):
    def collect(self, device, ctx):
        yield self.value(1, "a")
        yield self.value(2, "b")


class BlockingColumns(Fake):
    def collect(self, device, ctx):
        return Columns((self.value.series("a"), self.value.series("b")), [1, 2])


@pytest.mark.parametrize(
    "plugin", [Fake, AsList, AsColumns, Blocking, BlockingGenerator, BlockingColumns]
)
async def test_every_form_of_collect(rig, plugin):
    """Async generator, coroutine, plain function, generator; samples, lists, columns: one outcome."""
    rig.plugin = plugin()
    run = await rig.run()
    assert (run.status, run.up, run.samples) == (Status.SUCCESS, True, 2)
    taken = rig.take()
    assert (taken["a"], taken["b"], taken["scrape_samples_scraped"]) == (1, 2, 2)


async def test_a_plugin_knows_its_run_and_keeps_notes(rig):
    """Task, device, seconds left; and a memory of the task's own, kept from run to run."""
    await rig.run()
    await rig.run()
    await rig.run(make_task("other"))
    first, second, other = rig.plugin.contexts
    assert (first.task, first.device_id, first.timeout) == ("t", "device-t", 5.0)
    assert 0 < first.remaining() <= 5
    assert first.memory is second.memory
    assert other.memory is not first.memory


async def test_no_run_takes_longer_than_the_agent_allows():
    """max_execution_time is above every task's timeout."""
    rig = Rig(Fake(), limits=Limits(max_execution_time=2))
    await rig.run()
    assert rig.plugin.contexts[0].timeout == 2


@pytest.mark.parametrize(
    ("error", "up", "status", "kind", "pauses"),
    [
        (DeviceUnreachable("no answer"), 0, Status.FAILED, "DeviceUnreachable", False),
        (UnexpectedReply("what?"), 0, Status.FAILED, "UnexpectedReply", False),
        (CollectError("hm"), 0, Status.FAILED, "CollectError", False),
        (PartialCollect("half"), 1, Status.SUCCESS, "PartialCollect", False),
        (AuthenticationFailed("who?"), 0, Status.FAILED, "AuthenticationFailed", True),
        (ConfigurationError("no such table"), 0, Status.FAILED, "ConfigurationError", True),
        (ZeroDivisionError("x"), 0, Status.FAILED, "Bug", False),
    ],
)
async def test_an_errors_class_says_what_it_means(rig, error, up, status, kind, pauses):
    """And whatever came before it is kept."""
    rig.plugin.error = error
    run = await rig.run()
    assert (run.up, run.status, run.error_kind, run.pauses) == (bool(up), status, kind, pauses)
    assert str(error) in run.error
    taken = rig.take()
    assert (taken["a"], taken["b"], taken["up"]) == (1, 2, up)
    assert run.samples == 2


class Lost(DeviceUnreachable):
    """A plugin's own class of error."""


async def test_a_plugins_own_errors_count_as_their_base(rig):
    """Back-off and statistics know the contract's classes."""
    rig.plugin.error = Lost("gone")
    assert (await rig.run()).error_kind == "DeviceUnreachable"


async def test_samples_that_come_with_an_error_are_kept(rig):
    """A plugin that returns lists passes what it has in the error."""
    rig.plugin.error = PartialCollect("c is missing", samples=[VALUE(3, "c")])
    run = await rig.run()
    assert run.samples == 3
    assert rig.take()["c"] == 3


async def test_a_pause_holds_until_the_fields_change(rig):
    """Refused credentials: following ticks say `up 0` without touching the device; a changed device, or
    somebody who asks, tries again.
    """
    rig.plugin.error = AuthenticationFailed("password refused")
    await rig.run()
    for _ in range(3):
        run = await rig.run()
        assert (run.up, run.pauses, run.error) == (False, True, "password refused")
        rig.take()
    assert len(rig.plugin.contexts) == 1
    await rig.run(make_task(labels={"site": "x"}))
    assert len(rig.plugin.contexts) == 1
    assert rig.take()["up"] == 0
    await rig.run(make_task(device=Device(host="other")))
    assert len(rig.plugin.contexts) == 2
    rig.engine.resume("t")
    rig.plugin.error = None
    assert (await rig.run(make_task(device=Device(host="other")))).up
    assert (await rig.run(make_task(device=Device(host="other")))).up


async def test_a_plugin_that_is_not_there(rig):
    """A disabled or broken plugin fails its tasks with the reason, and they go on once it is back."""

    def refuse(task):
        raise ConfigurationError("plugin 'fake' is disabled")

    rig.engine._plugins = refuse
    run = await rig.run()
    assert (run.up, run.error, run.pauses) == (False, "plugin 'fake' is disabled", False)
    assert rig.take()["up"] == 0
    rig.engine._plugins = lambda task: rig.plugin
    assert (await rig.run()).up


async def test_retries_within_one_run(rig):
    """No answer is asked for again, as often as the task says; the run counts once."""
    engine = Rig(Flaky(fails=2), limits=Limits(retry_pause=0))
    run = await engine.run(make_task(retries=2))
    assert (run.up, run.error) == (True, "")
    assert engine.plugin.attempts == 3
    assert len(engine.batches) == 1
    engine.plugin.attempts, engine.plugin.fails = 0, 5
    run = await engine.run(make_task(retries=2))
    assert (run.up, run.error_kind) == (False, "DeviceUnreachable")
    assert engine.plugin.attempts == 3


class Flaky(Fake):
    def __init__(self, fails):
        super().__init__()
        self.fails = fails
        self.attempts = 0

    async def collect(self, device, ctx):
        self.attempts += 1
        yield self.value(self.attempts, "a")
        if self.attempts <= self.fails:
            raise DeviceUnreachable("no answer")
        yield self.value(self.attempts, "b")


async def test_attempts_do_not_mix(rig):
    """What a failed attempt gave is replaced by the next one's: no series twice, no refusals."""
    engine = Rig(Flaky(fails=1), limits=Limits(retry_pause=0))
    await engine.run(make_task(retries=1))
    taken = engine.take()
    assert (taken["a"], taken["b"]) == (2, 2)
    assert not engine.engine.totals.refused


async def test_a_worse_attempt_does_not_replace_a_better_one():
    """The second attempt got nothing at all: what the first one had read is kept."""

    class Worse(Flaky):
        async def collect(self, device, ctx):
            self.attempts += 1
            if self.attempts == 1:
                yield self.value(1, "a")
            raise DeviceUnreachable("no answer")

    engine = Rig(Worse(fails=2), limits=Limits(retry_pause=0))
    run = await engine.run(make_task(retries=1))
    assert (engine.plugin.attempts, run.samples, engine.take()["a"]) == (2, 1, 1)


async def test_only_silence_is_retried(rig):
    """Another answer to the same question is not to be expected."""
    rig.plugin.error = UnexpectedReply("what?")
    await rig.run(make_task(retries=5))
    assert len(rig.plugin.contexts) == 1


async def test_no_retry_without_time(rig):
    """Attempts share the task's timeout; when it is used up there is no other one."""
    engine = Rig(Flaky(fails=9), limits=Limits(retry_pause=60))
    run = await engine.run(make_task(retries=5))
    assert run.error_kind == "DeviceUnreachable"
    assert engine.plugin.attempts == 1


async def test_the_device_is_released_before_the_buffer_answers(rig):
    """A slow buffer holds the run, not the slot."""
    order = []

    async def put(batch):
        order.append("put")

    rig.engine._put = put
    await rig.engine.run(make_task(), lambda: order.append("released"))
    assert order == ["released", "put"]


async def test_a_buffer_that_refuses_fails_the_run(rig):
    """The user is told, the samples are counted, the device is up all the same."""

    async def put(batch):
        raise OSError("disk full")

    rig.engine._put = put
    run = await rig.run()
    assert (run.status, run.up, run.samples) == (Status.FAILED, True, 0)
    assert "5 samples: disk full" in run.error
    assert rig.engine.totals.refused == {"buffer": 5}


async def test_removed_tasks_end_their_series(rig):
    """`forget` writes the stale markers once, and drops what was remembered."""
    await rig.run()
    rig.take()
    await rig.engine.forget(make_task())
    assert rig.take() == dict.fromkeys(
        ["a", "b", "up", "scrape_duration_seconds", "scrape_samples_scraped"], "stale"
    )
    assert rig.engine.totals.stale == 5
    await rig.engine.forget(make_task())
    assert rig.batches == []
    await rig.run()
    assert rig.plugin.contexts[0].memory is not rig.plugin.contexts[1].memory


async def test_another_target_ends_the_old_series(rig):
    """Writers show the target: with another address the old series end, under their old origin."""
    await rig.run()
    rig.batches.clear()
    await rig.run(make_task(device=Device(host="moved.test")))
    stale, fresh = rig.batches
    assert (stale.stale, stale.layout.origin.target) == (True, "device.test")
    assert (fresh.stale, fresh.layout.origin.target) == (False, "moved.test")
    assert stale.ts < fresh.ts


async def test_a_changed_label_ends_only_what_it_changes(rig):
    """Task labels are part of every series; a changed timeout is not."""
    await rig.run(make_task(labels={"site": "x"}))
    rig.batches.clear()
    await rig.run(make_task(labels={"site": "x"}, timeout=1.0))
    assert [b.stale for b in rig.batches] == [False]
    rig.batches.clear()
    await rig.run(make_task(labels={"site": "y"}))
    fresh, stale = rig.batches
    assert (fresh.stale, stale.stale) == (False, True)
    assert {dict(r.labels)["site"] for r in stale.layout.rows} == {"x"}


class Site(Processor[ProcessorConfig]):
    name = "site"

    def relabel(self, row, origin):
        return None if row.name == "value" else Row(row.name, {**dict(row.labels), "site": "x"})


async def test_other_processors_count_from_the_next_run(rig):
    """A reload forgets what was worked out with the old ones, and what is dropped now has ended."""
    await rig.run()
    await rig.run()
    rig.batches.clear()
    identity = rig.engine.identity
    rig.engine.reconfigure(identity=identity, processors=[Site(ProcessorConfig())], limits=Limits())
    run = await rig.run()
    fresh, stale = rig.batches
    assert run.samples == 0
    assert {row.name for row in stale.layout.rows} >= {"value", "up"}
    assert {row.name for row in fresh.layout.rows} == {
        "up", "scrape_duration_seconds", "scrape_samples_scraped",
    }  # fmt: skip
    assert all(dict(row.labels)["site"] == "x" for row in fresh.layout.rows)
    assert rig.engine.totals.refused == {"relabel": 2}


class Polite(Fake):
    async def test_connection(self, device, ctx):
        if self.error:
            raise self.error
        return f"{device.host} says hello"


async def test_a_test_of_the_connection(rig):
    """The plugin's own one-liner; its errors pass, a bug becomes one line for people."""
    rig.plugin = Polite()
    assert await rig.engine.test(make_task()) == "device.test says hello"
    rig.plugin.error = DeviceUnreachable("no answer")
    with pytest.raises(DeviceUnreachable):
        await rig.engine.test(make_task())
    rig.plugin.error = KeyError("host")
    with pytest.raises(CollectError, match="bug: KeyError"):
        await rig.engine.test(make_task())
    assert rig.batches == []


async def test_a_plugin_without_a_test_collects_once(rig):
    """Nothing is sent; the line says how many samples came, or why none did."""
    assert await rig.engine.test(make_task()) == "device.test answers: 2 samples"
    rig.plugin.error = DeviceUnreachable("no answer")
    with pytest.raises(CollectError, match="no answer"):
        await rig.engine.test(make_task())
    assert rig.batches == []


async def test_what_a_task_needs_alone(rig):
    """The plugin's word, under the plugin's name; one that fails says nothing here."""

    class Bus(Fake):
        def exclusive(self, device):
            return {"device.test": "bus-1"}[device.host]

    assert rig.engine.exclusive(make_task()) is None
    rig.plugin = Bus()
    assert rig.engine.exclusive(make_task()) == "fake:bus-1"
    broken = make_task(device=Device(host="other"))
    assert rig.engine.exclusive(broken) is None
    run = await rig.run(broken)
    assert run.error_kind == "Bug"
    assert rig.take()["up"] == 0
