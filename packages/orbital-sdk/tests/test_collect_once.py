"""Collecting once, as the agent would."""

import asyncio
import threading

import pytest
from pydantic import ValidationError

from orbital_sdk import (
    Columns,
    ConfigurationError,
    DeviceFields,
    DeviceUnreachable,
    Duration,
    Host,
    Metric,
    Plugin,
    PluginConfig,
    Session,
)
from orbital_sdk.testing import collect_once, runs_of


class Device(DeviceFields):
    host: Host


class Config(PluginConfig):
    scale: float = 1.0
    pause: Duration = 0.0


class Ups(Plugin[Device, Config]):
    name = "ups"
    charge = Metric("charge", "Charge", labels=("host", "phase"))
    runs = Metric("runs", "Runs of this task so far")
    life: list[str]

    async def start(self, host):
        self.life = ["start"]
        type(self).last = self

    async def stop(self):
        self.life.append("stop")

    def validate_device(self, device):
        if device.host == "refused":
            raise ConfigurationError("not this one", field="host")

    async def open(self, device):
        return Unit(self, device)


class Unit(Session):
    """Counts its runs."""

    def __init__(self, plugin, device):
        if device.host == "closed":
            raise DeviceUnreachable("closed: no answer")
        self.plugin, self.device, self.done = plugin, device, 0

    async def close(self):
        self.plugin.life.append("close")

    async def collect(self, ctx):
        self.done += 1
        device = self.device
        yield self.plugin.runs(self.done)
        yield self.plugin.charge(self.plugin.config.scale, device.host, "a")
        if device.host == "dead":
            raise DeviceUnreachable("dead: no answer")
        if device.host == "buggy":
            raise KeyError("bug")
        yield self.plugin.charge(2 * self.plugin.config.scale, device.host, "b")
        if device.host == "hangs":
            await asyncio.Event().wait()


async def test_it_runs_the_whole_life_and_gives_the_samples():
    """start, collect, stop; settings and fields as a user writes them or as models."""
    written = await collect_once(Ups, {"host": "a"}, {"scale": 3, "pause": "5s"})
    built = await collect_once(Ups, Device(host="a"), Config(scale=3, pause=5))
    assert [s.value for s in written.samples] == [s.value for s in built.samples] == [1, 3, 6]
    assert written.error is None
    assert written.names == ("runs", "charge")
    assert Ups.last.life == ["start", "close", "stop"]


async def test_a_value_is_found_by_name_and_labels():
    """As many labels as it takes to mean one sample; else it is told what there was."""
    collection = await collect_once(Ups, {"host": "a"})
    assert collection.value("charge", phase="b") == 2.0
    assert collection.value("runs") == 1.0
    with pytest.raises(AssertionError, match=r"2 samples match charge.*wanted one(.|\n)*phase='b'"):
        collection.value("charge")
    with pytest.raises(AssertionError, match="0 samples match"):
        collection.value("charge", phase="c")
    with pytest.raises(AssertionError, match="0 samples match"):
        collection.value("charge", nothing="x")


async def test_what_collect_raises_is_a_result():
    """The error stands beside the samples that came before it, and in the message of a missing value."""
    collection = await collect_once(Ups, {"host": "dead"})
    assert isinstance(collection.error, DeviceUnreachable)
    assert len(collection.samples) == 2
    with pytest.raises(AssertionError, match="dead: no answer"):
        collection.value("charge", phase="b")
    assert isinstance((await collect_once(Ups, {"host": "buggy"})).error, KeyError)


async def test_samples_that_an_error_carries_are_kept():
    """As the agent keeps them, behind those that came before it."""

    class Carrying(Plugin[Device, Config]):
        name = "carrying"
        charge = Metric("charge", "Charge")

        async def collect(self, device, ctx):
            raise DeviceUnreachable("no answer", samples=[self.charge(0.0)])

    collection = await collect_once(Carrying, {"host": "a"})
    assert collection.value("charge") == 0.0
    assert isinstance(collection.error, DeviceUnreachable)


async def test_a_run_that_takes_too_long_is_cancelled():
    """As the agent does at the deadline; what came is kept, and the plugin is stopped."""
    collection = await collect_once(Ups, {"host": "hangs"}, timeout=0.05)
    assert isinstance(collection.error, TimeoutError)
    assert "longer than 0.05 s" in str(collection.error)
    assert len(collection.samples) == 3
    assert Ups.last.life == ["start", "close", "stop"]


async def test_a_thread_that_hangs_does_not_hold_the_test():
    """Blocking code cannot be cancelled, so it is left behind."""
    release, entered = threading.Event(), threading.Event()

    class Stuck(Plugin[DeviceFields, PluginConfig]):
        name = "stuck"

        def collect(self, device, ctx):
            entered.set()
            release.wait()
            return []

    collection = await collect_once(Stuck, {}, timeout=0.05)
    assert isinstance(collection.error, TimeoutError)
    assert entered.is_set()
    release.set()


async def test_a_stop_iteration_from_a_thread_is_an_error_too():
    """No future can carry one; it must not leave the test waiting."""

    class Ends(Plugin[DeviceFields, PluginConfig]):
        name = "ends"

        def collect(self, device, ctx):
            return [next(iter([]))]

    assert "StopIteration" in str((await collect_once(Ends, {})).error)


async def test_a_timeout_of_the_plugins_own_is_not_the_runs():
    """A foreign TimeoutError that nobody translated is shown as it is: a bug of the plugin."""

    class Raises(Plugin[DeviceFields, PluginConfig]):
        name = "raises"

        async def collect(self, device, ctx):
            raise TimeoutError("socket")

    assert str((await collect_once(Raises, {})).error) == "socket"


async def test_bad_fields_and_settings_are_the_tests_own_mistake():
    """They raise, as no task would be made of them."""
    for device, config in (({"host": "-x"}, {}), ({}, {}), ({"host": "a"}, {"sclae": 1})):
        with pytest.raises(ValidationError):
            await collect_once(Ups, device, config)
    with pytest.raises(ConfigurationError, match="not this one"):
        await collect_once(Ups, {"host": "refused"})
    assert Ups.last.life == ["start", "stop"]


async def test_a_session_lasts_for_many_runs():
    """Rates and learned walks need two runs of one task; after a close a new session begins."""
    async with runs_of(Ups, {"host": "a"}) as runs:
        assert [(await runs.collect()).value("runs") for _ in range(3)] == [1, 2, 3]
        await runs.close()
        assert (await runs.collect()).value("runs") == 1
    assert Ups.last.life == ["start", "close", "close", "stop"]


async def test_what_open_raises_is_a_result():
    """As it fails the agent's run: no sample, nothing to close, and tried again at the next run."""
    async with runs_of(Ups, {"host": "closed"}) as runs:
        for _ in range(2):
            collection = await runs.collect()
            assert isinstance(collection.error, DeviceUnreachable)
            assert not collection.samples
    assert Ups.last.life == ["start", "stop"]


async def test_a_table_is_shown_as_samples():
    """The test looks at samples, whatever the plugin's form."""

    class Table(Plugin[DeviceFields, PluginConfig]):
        name = "table"
        cell = Metric("cell", "Cell", labels=("row",))

        def collect(self, device, ctx):
            return Columns((self.cell.series("1"), self.cell.series("2")), [5, 6])

    assert (await collect_once(Table, {})).value("cell", row="2") == 6


async def test_what_is_no_sample_is_named():
    """Yielding a number instead of a sample is the first mistake that everybody makes."""

    class Numbers(Plugin[DeviceFields, PluginConfig]):
        name = "numbers"

        async def collect(self, device, ctx):
            yield 42

    collection = await collect_once(Numbers, {})
    assert collection.samples == ()
    assert "42, which is not a Sample; call a metric" in str(collection.error)
