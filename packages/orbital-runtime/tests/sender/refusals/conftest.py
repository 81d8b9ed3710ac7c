"""A buffer and a sender with one output, whose writer refuses as it is told."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from orbital_buffer.buffer import memory_buffer
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import ManualClock, SystemClock
from orbital_runtime.sender import DeliveryPolicy, Output, Phase, Sender
from orbital_runtime.sender.refusals.bisection import Bisection
from orbital_runtime.sender.refusals.credibility import Credibility, Witness
from orbital_runtime.sender.refusals.groups import token, whole
from orbital_runtime.sender.refusals.repeated_errors import is_same
from orbital_sdk import WriteError, Written
from orbital_sdk.testing import RecordingWriter

NEVER = 3600.0


async def attempt(entries, send, *, suspect="", **known):
    """A bisection of these entries, run to its end, and the error it ended with; any witness is taken."""
    if suspect:
        known["suspect"] = partial(is_same, suspect)
    bisection, error = Bisection(whole(entries), **known), None

    async def ask(since):
        return Witness(since, 1, since + 1, Written(1))

    async def request(group):
        return await send([part.batch for part in group], token(group))

    try:
        await Credibility(ask).deliver(bisection, request)
    except WriteError as raised:
        error = raised
    return bisection, error


class Line:
    """A buffer and a sender with one output behind it."""

    def __init__(self):
        self.clock = ManualClock()
        self.buffer = memory_buffer(BufferLimits(samples=None, size=None), self.clock)
        self.sender = Sender(self.buffer, clock=SystemClock())
        self.writer = RecordingWriter()
        self.writer.takes_old_samples = False

    def output(self, **policy):
        quick = {"flush_interval": 0.0, "retry_interval": 0.001, "breaker_reset": 0.001}
        policy = DeliveryPolicy(
            **{**quick, "retry_max_interval": 0.001, "pause_retry": NEVER, **policy}
        )
        return Output("out", self.writer, policy)

    @property
    def account(self):
        return self.buffer.ledger.account("out")

    @property
    def status(self):
        return self.sender.status()["out"]

    async def until(self, condition):
        async with asyncio.timeout(60):
            while not condition():  # noqa: ASYNC110 (phases and positions change without an event)
                await asyncio.sleep(0.001)

    async def paused(self):
        await self.until(lambda: self.status.phase is Phase.PAUSED)

    async def holding(self):
        await self.until(lambda: self.status.phase is Phase.BACKING_OFF)

    async def settled(self):
        await self.until(lambda: not self.buffer.waiting("out"))

    async def put(self, *batches):
        await self.buffer.append(batches)

    def send_now(self):
        self.sender.send_now()


@pytest.fixture
async def line():
    line = Line()
    yield line
    await line.sender.stop()
    await line.buffer.close()
