"""Connections in memory, and programs that a test plays itself."""

import asyncio
import logging
from dataclasses import dataclass, field

import pytest

from orbital_plugin_host.remote.calls import Calls
from orbital_sdk import wire
from orbital_sdk.hosting.own_metrics import OwnMetrics
from orbital_sdk.wire import answers


class Played:
    """A program in memory: the second implementation of `Connection`.

    A test answers by hand, or by `answer`, which gets each message.
    """

    def __init__(self, answer=None):
        self.said = []
        self.answer = answer
        self.closed = self.paused = False
        self.receiver = None
        self._news = asyncio.Event()

    async def connect(self, address, cookie, receiver):
        self.receiver = receiver
        return self

    def send(self, message):
        message = wire.from_agent(wire.encode(message)[4:])
        self.said.append(message)
        self._news.set()
        if self.answer is not None:
            asyncio.get_running_loop().call_soon(self._answered, message)

    def _answered(self, message):
        for one in self.answer(message) or ():
            self.give(one)

    def give(self, message):
        """Have the agent receive this."""
        if not self.closed:
            self.receiver.received(wire.from_program(wire.encode(message)[4:]))

    async def next(self, kind, count=1):
        """The last message of this kind, once so many were sent."""
        while len(found := [one for one in self.said if isinstance(one, kind)]) < count:
            self._news.clear()
            await self._news.wait()
        return found[-1]

    def pause(self):
        self.paused = True

    def resume(self):
        self.paused = False

    def close(self):
        self.closed = True


@dataclass
class Host:
    """As the agent's."""

    folder: None = None
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("test"))

    def __post_init__(self):
        self.metrics = OwnMetrics(self.log.warning)

    def counter(self, name, help, labels=()):  # noqa: A002
        return self.metrics.counter(name, help, labels)

    def gauge(self, name, help, labels=()):  # noqa: A002
        return self.metrics.gauge(name, help, labels)

    def values(self):
        return {
            (one.name, key): value
            for one in self.metrics.families()
            for key, value in one.values.items()
        }


@pytest.fixture
def host():
    return Host()


@pytest.fixture
def played():
    """Makes programs."""
    return Played


@pytest.fixture
async def greeted():
    """A program, and the agent's calls to it."""

    async def make(answer=None):
        program = Played(answer)
        calls = Calls("the process of plugin 'ups'", lambda *_: None)
        greeting = asyncio.ensure_future(calls.greet(program.connect, None, "", "test"))
        await program.next(wire.calls.Hello)
        program.give(answers.Welcome(1, ()))
        await greeting
        return program, calls

    return make
