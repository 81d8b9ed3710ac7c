"""Plugins of a stranger, each of which does one thing wrong."""

import asyncio
import contextlib
import sys
import time

from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig, Session

VALUE = Metric("stranger_value", "A value", labels=("of",))


class Stranger(Plugin[DeviceFields, PluginConfig]):
    summary = "Made by a stranger"
    max_threads = 2

    async def collect(self, device, ctx):
        yield VALUE(1, of="all")


class Good(Stranger):
    name = "good"


class Raises(Stranger):
    name = "raises"

    async def collect(self, device, ctx):
        yield VALUE(1, of="before")
        raise KeyError("host")


class Hangs(Stranger):
    name = "hangs"

    async def collect(self, device, ctx):
        await asyncio.sleep(3600)
        yield VALUE(1, of="never")


class Blocks(Stranger):
    name = "blocks"

    def collect(self, device, ctx):
        time.sleep(3600)


class OwnThreads(Stranger):
    name = "own-threads"

    async def collect(self, device, ctx):
        await asyncio.gather(*(asyncio.to_thread(time.sleep, 3600) for _ in range(50)))


class Swallows(Stranger):
    name = "swallows"

    async def collect(self, device, ctx):
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)


class NotANumber(Stranger):
    name = "not-a-number"

    async def collect(self, device, ctx):
        yield VALUE(float("nan"), of="bad")
        yield VALUE(1, of="right")


class Million(Stranger):
    name = "million"

    async def collect(self, device, ctx):
        for number in range(1_000_000):
            yield VALUE(1, of=str(number % 1000))


class LongLabel(Stranger):
    name = "long-label"

    async def collect(self, device, ctx):
        yield VALUE(1, of="x" * 10_240)
        yield VALUE(1, of="right")


class WrongTypes(Stranger):
    name = "wrong-types"

    async def collect(self, device, ctx):
        return ["text", 7, None, VALUE("seven", of="bad"), VALUE(1, of="right")]


class WrongAnswer(Stranger):
    name = "wrong-answer"

    async def collect(self, device, ctx):
        return 7


class Exits(Stranger):
    name = "exits"

    async def collect(self, device, ctx):
        sys.exit("bye")


class ExitsOnThread(Stranger):
    name = "exits-on-thread"

    def collect(self, device, ctx):
        sys.exit("bye")


class StartHangs(Stranger):
    name = "start-hangs"

    async def start(self, host):
        await asyncio.sleep(3600)


class StartRaises(Stranger):
    name = "start-raises"

    async def start(self, host):
        raise OSError("no such bus")


class InitRaises(Stranger):
    name = "init-raises"

    def __init__(self, config):
        raise AttributeError("never tried")


class Background(Stranger):
    name = "background"

    async def start(self, host):
        self.done = host.counter("rounds", "Rounds in the background", ("of",))
        for work in (self.exits(), self.dies(), self.swallows(), self.counts()):
            host.spawn(work)

    async def exits(self):
        sys.exit("bye")

    async def dies(self):
        raise KeyError("bus")

    async def swallows(self):
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)

    async def counts(self):
        for number in range(2000):
            self.done.add(1, str(number))
            await asyncio.sleep(0)


class OpenHangs(Stranger):
    name = "open-hangs"

    async def open(self, device):
        await asyncio.sleep(3600)


class OpenBlocks(Stranger):
    name = "open-blocks"

    def open(self, device):
        time.sleep(3600)


class OpenExits(Stranger):
    name = "open-exits"

    async def open(self, device):
        sys.exit("bye")


class Kept(Session):
    async def collect(self, ctx):
        yield VALUE(1, of="all")


class CloseHangs(Stranger):
    name = "close-hangs"

    async def open(self, device):
        return HangsAtTheEnd()


class HangsAtTheEnd(Kept):
    async def close(self):
        await asyncio.sleep(3600)


class CloseExits(Stranger):
    name = "close-exits"

    async def open(self, device):
        return ExitsAtTheEnd()


class ExitsAtTheEnd(Kept):
    def close(self):
        sys.exit("bye")


class OfTomorrow(Stranger):
    name = "of-tomorrow"
    contract = 7
