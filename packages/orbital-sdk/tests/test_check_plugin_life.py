"""The contract suite of plugins: start and stop, runs beside each other, and what is left of them."""

import asyncio
import contextlib
import threading
import time

from pydantic import SecretStr

from orbital_sdk import DeviceFields, Host, Metric, Plugin, PluginConfig
from orbital_sdk.testing.held_loop import holds_of


class Device(DeviceFields):
    host: Host
    password: SecretStr | None = None
    """Login."""


class Ups(Plugin[Device, PluginConfig]):
    name = "ups"
    summary = "Battery state"
    charge = Metric("charge_ratio", "Charge", unit="ratio", labels=("host",))

    async def collect(self, device, ctx):
        await asyncio.sleep(0)
        return [self.charge(1, device.host)]


def variant(**body):
    """The good plugin with something changed."""
    return type("Variant", (Ups,), body)


async def test_a_plugin_that_cannot_be_stopped_is_found(verdict):
    """Stop is safe without start, and safe twice."""

    class Fragile(Ups):
        async def start(self, host):
            self.socket = [1]

        async def stop(self):
            self.socket.pop()

    said = await verdict(Fragile)
    assert "stop() without start() raised AttributeError" in said
    assert "a second stop() raised IndexError" in said


async def test_a_plugin_that_cannot_start_is_found(verdict):
    """And nothing else is tried then."""

    async def start(self, host):
        raise RuntimeError("no socket")

    assert "start() raised RuntimeError('no socket')" in await verdict(variant(start=start))


async def test_background_tasks_that_outlive_a_plugin_are_found(verdict):
    """Those of the host that ignore their end or die of an error, and those begun without a host, also by a
    session; what `stop` ends by itself is fine.
    """
    release = asyncio.Event()

    async def forever():
        await asyncio.Event().wait()

    async def stays():
        while not release.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await release.wait()

    async def dies():
        raise OSError("no bus")

    class Leaves(Ups):
        async def start(self, host):
            host.spawn(stays(), "stays")
            host.spawn(dies(), "dies")
            self.tasks = [asyncio.create_task(forever(), name="by hand")]

        async def collect(self, device, ctx):
            self.tasks.append(asyncio.create_task(forever(), name="of a run"))
            return [self.charge(1, device.host)]

    class Tidy(Ups):
        task = None

        async def start(self, host):
            host.spawn(forever())
            self.task = asyncio.create_task(forever())

        async def stop(self):
            if self.task:
                self.task.cancel()

    said = await verdict(Leaves)
    assert "the background task 'stays' still runs 1 s after it was cancelled" in said
    assert "the background task 'dies' died of OSError('no bus')" in said
    assert "the task by hand (" in said
    assert "the task of a run (" in said
    assert "begin it with host.spawn()" in said
    assert await verdict(Tidy) == ""
    release.set()


async def test_a_plugin_that_swallows_its_cancellation_is_found(verdict):
    """The agent's deadline is a cancellation; whoever eats it is late for ever."""

    async def collect(self, device, ctx):
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
        yield self.charge(1, device.host)

    assert "did not end by CancelledError" in await verdict(variant(collect=collect))


async def test_a_plugin_that_serves_one_device_at_a_time_must_say_so(verdict):
    """Two collections run at once, unless exclusive() names what only one may use."""

    class Shared(Ups):
        busy = False

        async def collect(self, device, ctx):
            if self.busy:
                raise RuntimeError("busy")
            self.busy = True
            await asyncio.sleep(0)
            self.busy = False
            yield self.charge(1, device.host)

    class Bus(Shared):
        def exclusive(self, device):
            return "bus 1"

    assert "two collections at once failed" in await verdict(Shared)
    assert await verdict(Bus) == ""


async def test_a_run_after_a_cancelled_one_is_looked_at(verdict):
    """A connection that a cancelled run left in the middle of an answer spoils the next one."""

    class Spoilt(Ups):
        reading = False

        async def collect(self, device, ctx):
            if self.reading:
                raise ValueError("half an answer")
            self.reading = True
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self.reading = False
            return [self.charge(1, device.host)]

        def exclusive(self, device):
            return "line"

    said = await verdict(Spoilt)
    assert (
        "collect() after a run that was cancelled failed with ValueError('half an answer')" in said
    )


async def test_a_thread_that_outlives_a_plugin_is_found(verdict):
    """One that `stop` ends is fine."""
    release = threading.Event()

    class Leaves(Ups):
        async def start(self, host):
            self.thread = threading.Thread(target=release.wait, name="bus reader", daemon=True)
            self.thread.start()

    class Tidy(Leaves):
        async def stop(self):
            release.set()

    assert "the thread 'bus reader' still runs after stop()" in await verdict(Leaves)
    assert await verdict(Tidy) == ""


async def test_what_holds_the_event_loop_is_found_with_its_place(verdict):
    """Nobody else runs meanwhile, and no time limit ends it. On a thread it may take its time."""

    class Holds(Ups):
        held = False

        async def collect(self, device, ctx):
            for _ in range(0 if self.held else 2):
                with holds_of(
                    __name__
                ) as places:  # a second watch, which says when it is long enough
                    while not places:
                        time.sleep(0.01)  # noqa: ASYNC251 (it holds the loop)
            self.held = True
            return [self.charge(1, device.host)]

    class Blocks(Ups):
        def collect(self, device, ctx):
            return [self.charge(1, device.host)]

    said = await verdict(Holds)
    assert "the event loop was held at " in said
    assert "in collect(); await what takes long" in said
    assert await verdict(Blocks) == ""


async def test_methods_that_cannot_be_called_are_named(verdict):
    """In words, with what to write, and before anything is tried with them."""

    async def start(self):
        self.ready = True

    async def test_connection(self, ctx):
        return "it answers"

    said = await verdict(variant(start=start, test_connection=test_connection))
    assert "start(self) cannot be called as the agent does; write start(self, host)" in said
    assert "test_connection(self, ctx) cannot be called as the agent does; write" in said
    assert "write test_connection(self, device, ctx)" in said
    assert "TypeError" not in said


async def test_an_init_that_forgets_the_settings_is_named(verdict):
    """Its base class keeps them."""

    def forgets(self, config):
        self.scale = 1

    def takes_none(self):
        self.scale = 1

    assert "call super().__init__(config) in it" in await verdict(variant(__init__=forgets))
    assert "write __init__(self, config)" in await verdict(variant(__init__=takes_none))
