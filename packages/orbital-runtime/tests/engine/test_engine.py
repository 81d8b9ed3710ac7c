"""The engine: one run of a task, in every form a plugin may take, and what it means."""

from __future__ import annotations

import pytest

from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime.model import Status
from orbital_runtime_testing.engine import VALUE, Fake, Rig
from orbital_runtime_testing.runs import Device, make_task
from orbital_sdk import (
    AuthenticationFailed,
    CollectError,
    Columns,
    ConfigurationError,
    DeviceUnreachable,
    PartialCollect,
    UnexpectedReply,
)


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


async def test_a_plugin_knows_its_run(rig):
    """Task, device, seconds left."""
    await rig.run()
    (ctx,) = rig.plugin.contexts
    assert (ctx.task, ctx.device_id, ctx.timeout) == ("t", "device-t", 5.0)
    assert 0 < ctx.remaining() <= 5


async def test_no_run_takes_longer_than_the_agent_allows():
    """max_execution_time is above every task's timeout."""
    rig = Rig(Fake(), limits=RunLimits(max_execution_time=2))
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


async def test_a_tick_that_asks_nobody_says_so(rig):
    """Refused credentials: ticks that are passed over give `up 0` without touching the device, and nothing
    else; the next run asks it.
    """
    rig.plugin.error = AuthenticationFailed("password refused")
    assert (await rig.run()).pauses
    rig.take()
    for _ in range(3):
        await rig.engine.pass_over(make_task())
        rig.clock.advance(10)
        assert rig.take()["up"] == 0
    assert len(rig.plugin.contexts) == 1
    rig.plugin.error = None
    assert (await rig.run()).up
    assert len(rig.plugin.contexts) == 2


async def test_a_plugin_that_is_not_there(rig):
    """A disabled or broken plugin fails its tasks with the reason, and they go on once it is back."""

    def refuse(task):
        raise ConfigurationError("plugin 'fake' is disabled")

    rig.engine.sessions._plugins = refuse
    run = await rig.run()
    assert (run.up, run.error, run.pauses) == (False, "plugin 'fake' is disabled", False)
    assert rig.take()["up"] == 0
    rig.engine.sessions._plugins = lambda task: rig.plugin
    assert (await rig.run()).up


async def test_the_device_is_released_before_the_buffer_answers(rig):
    """A slow buffer holds the run, not the slot."""
    order = []

    async def put(batch):
        order.append("put")

    rig.engine.hand_over._put = put
    await rig.engine.run(make_task(), lambda: order.append("released"))
    assert order == ["released", "put"]


async def test_a_buffer_that_refuses_fails_the_run(rig):
    """The user is told, the samples are counted, the device is up all the same."""

    async def put(batch):
        raise OSError("disk full")

    rig.engine.hand_over._put = put
    run = await rig.run()
    assert (run.status, run.up, run.samples) == (Status.FAILED, True, 0)
    assert "8 samples: disk full" in run.error
    assert rig.engine.totals.refused == {"buffer": 8}


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
