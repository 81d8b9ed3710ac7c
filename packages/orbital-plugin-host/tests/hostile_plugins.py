"""Plugins that a test runs in processes of their own, as a package that is installed."""

import asyncio
import os
import signal
import sys
import threading

from orbital_sdk import (
    Columns,
    ConfigurationError,
    DeviceFields,
    DeviceUnreachable,
    Metric,
    PartialCollect,
    Plugin,
    PluginConfig,
    Session,
)


class Fields(DeviceFields):
    """What the plugin does."""

    mode: str = "well"


class Config(PluginConfig):
    """How it starts."""

    start: str = "well"


value = Metric("value", "A value", labels=("place",))
SERIES = tuple(value.series(str(place)) for place in range(3))


class Reading(Session):
    """Counts its runs."""

    def __init__(self, mode, plugin):
        self.mode, self.plugin, self.runs = mode, plugin, 0

    async def collect(self, ctx):
        self.runs += 1
        self.plugin.reads.add(1)
        match self.mode:
            case "pid":
                return [value(os.getpid(), "pid")]
            case "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "wait":
                await asyncio.sleep(3600)
            case "away":
                raise DeviceUnreachable("it does not answer")
            case "part":
                raise PartialCollect("two are missing", samples=[value(1.0, "a")])
            case "bug":
                raise ZeroDivisionError("a bug")
            case "leak":
                return [value(len(bytearray(1 << 30)), "leak")]
            case "log":
                self.plugin.host.log.warning("said by the plugin")
                ctx.log.debug("said in the run")
                print("printed by the plugin")  # noqa: T201 (what is under test)
                print("to standard error", file=sys.stderr, flush=True)  # noqa: T201 (as above)
        return Columns(SERIES, [float(self.runs), 1.0, 2.0])

    async def test(self, ctx):
        return f"mode {self.mode}"


class Hosted(Plugin[Fields, Config]):
    name = "hosted"
    summary = "For tests of processes"
    value = value

    async def start(self, host):
        self.host = host
        self.reads = host.counter("reads", "Reads")
        if self.config.start == "refuse":
            raise ConfigurationError("it may not start", field="start")

    async def open(self, device):
        return Reading(device.mode, self)

    def target(self, device):
        return f"a device that is {device.mode}"


class Blocking(Plugin[Fields, Config]):
    """A plain `def`, on a thread."""

    name = "blocking"

    def collect(self, device, ctx):
        return [value(float(threading.current_thread() is threading.main_thread()), "main")]


class Receiving(Plugin[Fields, Config]):
    """Emits three times, and waits."""

    name = "receiving"

    async def serve(self, device, emit):
        for number in range(3):
            await emit([value(float(number), "a")])
        await asyncio.sleep(3600)


class Daemons(Plugin[Fields, Config]):
    """Starts a process that leaves its session and its parent, and gives its number."""

    name = "daemons"

    async def collect(self, device, ctx):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.setsid()
            if os.fork() == 0:
                os.write(write, str(os.getpid()).encode())
                os.close(write)
                if device.mode == "another program":
                    os.execvp("sleep", ["sleep", "3600"])
                while True:
                    signal.pause()
            os._exit(0)
        os.waitpid(child, 0)  # noqa: ASYNC222 (it ends at once)
        return [value(float(os.read(read, 20)), "pid")]
