"""Receivers in a whole agent: begun at once, followed by a reload, and nothing of what they emitted lost."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest

from orbital_runtime.agent.once import once
from orbital_runtime.model import Status
from orbital_sdk import ConfigurationError, DeviceFields, Metric, Plugin, PluginConfig
from orbital_sdk.errors import ReceiverStopped

from .test_agent import Recorder, until, write
from .test_agent_once import agent

SENDER = {"direct": {"one": {"writer": "recording"}}}


class Mailbox(Plugin[DeviceFields, PluginConfig]):
    """Gets what its test puts in."""

    name = "mailbox"
    value = Metric("mail", "One", labels=("of",))
    open: ClassVar[list[Mailbox]] = []
    came: ClassVar[asyncio.Event]

    async def serve(self, device, emit):
        self.emit = emit
        Mailbox.open.append(self)
        Mailbox.came.set()
        try:
            await asyncio.Event().wait()
        finally:
            Mailbox.open.remove(self)


@pytest.fixture(autouse=True)
async def fresh():
    Recorder.made.clear()
    Mailbox.open.clear()
    Mailbox.came = asyncio.Event()


async def begun():
    async with asyncio.timeout(60):
        await Mailbox.came.wait()
    Mailbox.came.clear()
    return Mailbox.open[-1]


async def test_it_is_begun_at_once_and_what_it_emits_is_delivered(tmp_path):
    """Not a phase later: the task's interval is an hour. A stop delivers what was accepted before it."""
    one = agent(tmp_path, Recorder, {}, plugins=[Mailbox])
    await one.start()
    write(tmp_path, {"m": "mailbox"}, sender=SENDER)
    config = tmp_path / "config.yaml"
    config.write_text(config.read_text().replace("100ms", "1h"))
    await one.reload()
    mailbox = await begun()
    await mailbox.emit([mailbox.value(7, "a")])
    await one.stop()
    (writer,) = Recorder.made
    assert writer.values("mail", of="a") == [7.0]
    assert Mailbox.open == []
    with pytest.raises(ReceiverStopped):
        await mailbox.emit([mailbox.value(8, "a")])


async def test_it_is_there_when_the_agent_starts(tmp_path):
    """Likewise with a task of the first configuration; the status has it as any other task."""
    one = agent(tmp_path, Recorder, {"m": "mailbox"}, plugins=[Mailbox])
    await one.start()
    await begun()
    run = await one.stations.scheduler.trigger("m")
    assert (run.status, run.up) == (Status.SUCCESS, True)
    await one.stop()


async def test_a_task_that_goes_ends_it(tmp_path):
    """And one that comes back begins it anew."""
    one = agent(tmp_path, Recorder, {"m": "mailbox"}, plugins=[Mailbox])
    await one.start()
    await begun()
    write(tmp_path, {}, sender=SENDER)
    await one.reload()
    await until(lambda: not Mailbox.open)
    write(tmp_path, {"m": "mailbox"}, sender=SENDER)
    await one.reload()
    assert (await begun()).emit is not None
    await one.stop()


async def test_once_says_whether_it_can(tmp_path):
    """`run --once` begins to serve, delivers what came in that moment, and ends."""

    class Eager(Mailbox):
        name = "eager"

        async def serve(self, device, emit):
            await emit([self.value(1, "a")])
            await super().serve(device, emit)

    class Unable(Mailbox):
        name = "unable"

        async def serve(self, device, emit):
            raise ConfigurationError("port 162 is taken")

    tasks = {"e": "eager", "u": "unable"}
    one = agent(tmp_path, Recorder, tasks, plugins=[Eager, Unable])
    runs = {task.id: run for task, run in (await once(one))[0]}
    assert (runs["e"].status, runs["e"].samples) == (Status.SUCCESS, 1)
    assert (runs["u"].status, runs["u"].error) == (Status.FAILED, "port 162 is taken")
    assert Recorder.made[0].values("mail", of="a") == [1.0]
    assert Mailbox.open == []
