"""Shared by the tests of this package: an address that takes pushes, and what it handed over."""

import asyncio
import socket
from contextlib import asynccontextmanager

import aiohttp
import pytest

from orbital_plugin_push import Push, PushDevice
from orbital_remote_write.remote_write_pb2 import WriteRequest
from orbital_sdk import Columns, PluginConfig
from orbital_testbench import eventually, free_port


class Taken:
    """An `emit` that keeps what it gets, or does what it is told to."""

    def __init__(self) -> None:
        self.samples = []
        self.error = None
        self.hold = None
        self.waiting = asyncio.Event()

    async def __call__(self, records) -> None:
        if self.hold is not None:
            self.waiting.set()
            await self.hold.wait()
        if self.error is not None:
            raise self.error
        self.samples += records.samples() if isinstance(records, Columns) else records

    @property
    def told(self) -> set:
        """Name, labels, value and time of each."""
        return {
            (
                s.series.metric.name,
                *zip(s.series.metric.labels, s.series.values, strict=True),
                s.value,
                s.ts,
            )
            for s in self.samples
        }


class Address:
    """A plugin that serves at one address, and somebody who pushes there."""

    def __init__(self, plugin, device, taken, session) -> None:
        self.plugin = plugin
        self.device = device
        self.taken = taken
        self.session = session
        self.url = f"{'https' if device.tls else 'http'}://{device.host}:{device.port}"

    async def push(self, body=b"", path="/api/v1/write", *, method="POST", **arguments):
        """Status, text and headers of the answer."""
        async with self.session.request(method, self.url + path, data=body, **arguments) as answer:
            return answer.status, await answer.text(), answer.headers


def listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


@pytest.fixture
def serving():
    """Serves with these device fields meanwhile."""

    @asynccontextmanager
    async def serving(**fields):
        device = PushDevice.model_validate({"port": free_port(), **fields})
        plugin, taken = Push(PluginConfig()), Taken()
        task = asyncio.create_task(plugin.serve(device, taken))
        async with aiohttp.ClientSession() as session:
            await eventually(lambda: task.done() or listens(device.host, device.port))
            yield Address(plugin, device, taken, session)
            task.cancel()
            await asyncio.wait([task], timeout=10)
            assert task.cancelled()

    return serving


@pytest.fixture
def request_of():
    """The body of a write request, of name, labels and (value, milliseconds)."""

    def request_of(*series) -> bytes:
        made = WriteRequest()
        for name, labels, *samples in series:
            one = made.timeseries.add()
            for key, value in sorted({"__name__": name, **labels}.items()):
                one.labels.add(name=key, value=value)
            for value, ts in samples:
                one.samples.add(value=value, timestamp=ts)
        return made.SerializeToString()

    return request_of
