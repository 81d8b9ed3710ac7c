"""An engine with one receiver that does as its test says."""

from __future__ import annotations

import asyncio
import logging

import pytest

from orbital_runtime.clock import SystemClock
from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime.receiving.receivers import Receivers
from orbital_runtime_testing.engine import VALUE, Rig
from orbital_runtime_testing.runs import Device, make_task
from orbital_sdk import Plugin, PluginConfig
from orbital_sdk.calling.invoke import receives

TASK = make_task()


class Listener(Plugin[Device, PluginConfig]):
    """Serves until it is told otherwise."""

    name = "fake"
    value = VALUE

    def __init__(self):
        super().__init__(PluginConfig())
        self.emit = None
        self.began = 0
        self.end = asyncio.Event()
        self.error = None

    async def serve(self, device, emit):
        self.emit = emit
        self.began += 1
        self.end.clear()
        await self.end.wait()
        if self.error is not None:
            raise self.error

    async def fail(self, error=None):
        """End by itself, with this error or without one."""
        self.error = error
        self.end.set()
        for _ in range(5):
            await asyncio.sleep(0)


class ReceiverRig(Rig):
    """Beside the engine: its receivers, and a buffer that may be shut, or may refuse."""

    def __init__(self, plugin, *, first=0.01, **settings):
        super().__init__(plugin, begin=self._begin, **settings)
        self.open = asyncio.Event()
        self.open.set()
        self.answer = ""
        self.looks = []
        self.looked = asyncio.Event()
        self.receivers = Receivers(
            self.engine,
            self.accept,
            self.look,
            lambda task: receives(type(plugin)),
            SystemClock(),
            first=first,
        )

    async def _begin(self, task_session, *, run_blocking):
        return await self.receivers.open(task_session, run_blocking=run_blocking)

    def look(self, key):
        self.looks.append(key)
        self.looked.set()

    async def accept(self, batches):
        await self.open.wait()
        if not self.answer:
            self.batches += batches
        return self.answer

    async def serving(self):
        """The plugin's `emit`, once it serves; what its first run reported is gone."""
        run = await self.run(TASK)
        assert run.up, run.error
        self.batches.clear()
        return self.plugin.emit

    def samples(self):
        """What the buffer has, and no report: (label `of`, time, value)."""
        return [
            (dict(row.labels)["of"], ts, "stale" if batch.stale else value)
            for batch in self.batches
            for row, ts, value in batch.items()
            if "of" in dict(row.labels)
        ]


@pytest.fixture
async def rig():
    rig = ReceiverRig(Listener(), limits=RunLimits(close=0.2, cancel_grace=0.05))
    yield rig
    rig.open.set()
    await rig.receivers.end()
    rig.pool.shutdown()


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level(logging.CRITICAL, "orbital")
