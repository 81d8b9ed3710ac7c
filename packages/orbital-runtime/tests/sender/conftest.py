"""A buffer, and one delivery or all of them behind it, whose writers record."""

from __future__ import annotations

import asyncio

import pytest

from orbital_buffer.buffer import memory_buffer
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import ManualClock, SystemClock
from orbital_runtime.sender import DeliveryPolicy, Output, Sender
from orbital_runtime.sender.delivery.delivery import Delivery
from orbital_sdk.testing import RecordingWriter, make_batch

QUICK = {"flush_interval": 0.0, "retry_interval": 0.001, "breaker_reset": 0.001}


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 (phases and positions change without an event)
            await asyncio.sleep(0.001)


def output(name, writer, processors=(), **policy):
    return Output(name, writer, DeliveryPolicy(**{**QUICK, **policy}), processors)


class Line:
    """A buffer and one delivery behind it."""

    def __init__(self, writer=None, *, limits=None, chance=1.0, **policy):
        self.clock = ManualClock()
        self.buffer = memory_buffer(limits or BufferLimits(samples=None, size=None), self.clock)
        self.buffer.attach("out")
        self.writer = writer or RecordingWriter()
        self.letters = self.buffer.dead_letters
        self.delivery = Delivery(
            output("out", self.writer, **policy),
            self.buffer,
            clock=self.clock,
            chance=lambda: chance,
        )
        self.delivery.start()

    @property
    def account(self):
        return self.buffer.ledger.account("out")

    @property
    def status(self):
        return self.delivery.status()

    async def put(self, *batches):
        await self.buffer.append(batches)

    async def reaches(self, phase):
        await until(lambda: self.status.phase is phase)

    async def begun(self):
        """Let the first sample pass, which waits for no others."""
        await self.put(make_batch(1))
        await self.settled()

    async def settled(self):
        """Return when nothing waits any more."""
        await until(lambda: not self.buffer.waiting("out"))

    async def end(self):
        await self.delivery.stop()
        await self.buffer.close()


@pytest.fixture
async def lines():
    """Makes lines, and stops them at the end."""
    made = []

    def make(*args, **kwargs):
        made.append(Line(*args, **kwargs))
        return made[-1]

    yield make
    for line in made:
        await line.end()


@pytest.fixture
async def buffer():
    buffer = memory_buffer(BufferLimits(samples=None, size=None), SystemClock())
    yield buffer
    await buffer.close()


@pytest.fixture
async def sender(buffer):
    sender = Sender(buffer, clock=SystemClock())
    yield sender
    await sender.stop()
