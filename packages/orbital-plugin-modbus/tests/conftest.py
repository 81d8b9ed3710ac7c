"""Devices: pymodbus' servers, and one that answers exactly what a test says."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import struct
from functools import partial
from typing import TYPE_CHECKING

import pytest
import uvloop
from hypothesis import settings
from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer, ModbusTlsServer, ModbusUdpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from orbital_plugin_modbus import Modbus, ModbusConfig, ModbusDevice
from orbital_plugin_modbus.buses import BUSES
from orbital_plugin_modbus.line import line_of
from orbital_sdk import DeviceUnreachable
from orbital_sdk.testing import collect_once, make_context
from orbital_testbench import free_port, pty_pair
from orbital_testbench.programs import MissingProgramError, skip_or_fail

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from orbital_plugin_modbus.bus import Bus
    from orbital_sdk import Session
    from orbital_sdk.testing import Collection
    from orbital_testbench import Authority

if EXAMPLES := int(
    os.environ.get("ORBITAL_FUZZ_EXAMPLES", "0")
):  # a long run of all that is fuzzed
    settings.register_profile("long", max_examples=EXAMPLES, deadline=None)
    settings.load_profile("long")

HEAD = struct.Struct(">HHHBBHH")
"""A request for registers or bits: transaction, protocol, length, unit, function, address, count."""


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Every test runs on both loops that the agent may use."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Script:
    """A Modbus/TCP server that sends, for each request, what `answer` makes of it."""

    def __init__(self, answer: Callable[[Asked], Sequence[bytes | None]]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.connections = 0
        self.open = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.called = asyncio.Event()
        """Set by the first request."""
        self.quiet = asyncio.Event()
        """Set whenever no connection is open."""

    @property
    def fields(self) -> dict[str, object]:
        return {"host": "127.0.0.1", "port": self.port}

    async def start(self) -> Script:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in set(self._writers):
                writer.close()
            await self.quiet.wait() if self.open else None
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.quiet.clear()
        self._writers.add(writer)
        try:
            await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self._writers.discard(writer)
            self.open -= 1
            if not self.open:
                self.quiet.set()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            asked = Asked(await reader.readexactly(HEAD.size))
            self.asked.append(asked)
            self.called.set()
            for piece in self.answer(asked):
                if piece is None:  # hang up
                    return
                writer.write(piece)
                # pieces that the client gets one by one
                await asyncio.sleep(0 if piece else 0.0002)


class Asked:
    """One request, and the frames that a server could send for it."""

    def __init__(self, frame: bytes) -> None:
        self.number, _, _, self.unit, self.function, self.address, self.count = HEAD.unpack(frame)

    def good(self, **changed: int) -> bytes:
        """The right answer (register n holds n), but for what is `changed`."""
        values = [self.address + n & 0xFFFF for n in range(changed.pop("count", self.count))]
        data = struct.pack(f">{len(values)}H", *values)
        return self.frame(bytes([changed.pop("size", len(data))]) + data, **changed)

    def refusal(self, code: int, **changed: int) -> bytes:
        return self.frame(bytes([code]), **{"function": self.function | 0x80, **changed})

    def frame(self, body: bytes, **changed: int) -> bytes:
        number = changed.get("number", self.number)
        length = changed.get("length", len(body) + 2)
        unit, function = changed.get("unit", self.unit), changed.get("function", self.function)
        return (
            struct.pack(">HHHBB", number, changed.get("protocol", 0), length, unit, function) + body
        )


@pytest.fixture
async def script() -> AsyncIterator[Callable[..., Awaitable[Script]]]:
    """Start a server that answers as the test says."""
    started: list[Script] = []

    async def start(answer: Callable[[Asked], Sequence[bytes | None]]) -> Script:
        started.append(await Script(answer).start())
        return started[-1]

    yield start
    for each in started:
        await each.stop()


Tables = dict[str, dict[int, list[int]]]
"""Table -> first address -> values."""


def sim_device(tables: Tables, unit: int = 1) -> SimDevice:
    """A unit of pymodbus' simulator with this content."""

    def block(name: str) -> list[SimData]:
        bits = name in {"coil", "discrete"}
        parts = tables.get(name) or {0: [0]}
        kind = DataType.BITS if bits else DataType.REGISTERS
        return [
            SimData(address, values=[bool(v) for v in values] if bits else values, datatype=kind)
            for address, values in parts.items()
        ]

    return SimDevice(
        id=unit, simdata=tuple(block(n) for n in ("coil", "discrete", "holding", "input"))
    )


class PymodbusServers:
    """Starts servers of pymodbus, by transport; gives the fields that reach them."""

    def __init__(self, folder: Path, authority: Authority, stack: contextlib.ExitStack) -> None:
        self._folder, self._authority, self._stack = folder, authority, stack
        self._servers: list[object] = []

    async def start(
        self, transport: str, tables: Tables, unit: int = 1, *, ask: bool = False
    ) -> dict[str, object]:
        """Start one; with `ask` it wants a client certificate."""
        port = free_port()
        address = ("127.0.0.1", port)
        device = sim_device(tables, unit)
        fields: dict[str, object] = {"host": "127.0.0.1", "port": port, "transport": transport}
        if transport == "tcp":
            server = ModbusTcpServer(device, address=address)
        elif transport == "rtu_over_tcp":
            server = ModbusTcpServer(device, address=address, framer=FramerType.RTU)
        elif transport == "udp":
            server = ModbusUdpServer(device, address=address)
        elif transport == "tls":
            server = ModbusTlsServer(device, address=address, sslctx=self._tls(ask=ask))
            fields["tls"] = {"ca_file": str(self._authority.ca_file)}
        else:
            near, far = self._ptys()
            framer = FramerType.ASCII if transport == "ascii" else FramerType.RTU
            server = ModbusSerialServer(device, port=far, framer=framer, baudrate=115200)
            fields = {"transport": transport, "serial": {"device": near, "baudrate": 115200}}
        self._servers.append(server)
        await server.serve_forever(background=True)
        return {**fields, "unit_id": unit}

    async def stop(self) -> None:
        for server in self._servers:
            await server.shutdown()

    def _tls(self, *, ask: bool) -> ssl.SSLContext:
        own = self._authority.issue("modbus")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(own.certificate, own.key)
        if ask:
            context.load_verify_locations(self._authority.ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _ptys(self) -> tuple[str, str]:
        try:
            return self._stack.enter_context(pty_pair(self._folder / f"ptys-{len(self._servers)}"))
        except MissingProgramError as missing:
            skip_or_fail(missing)


@pytest.fixture
async def pymodbus_servers(tmp_path: Path, authority: Authority) -> AsyncIterator[PymodbusServers]:
    with contextlib.ExitStack() as stack:
        servers = PymodbusServers(tmp_path, authority, stack)
        yield servers
        await servers.stop()


@pytest.fixture
def collect() -> Callable[..., Awaitable[Collection]]:
    """One run, as the agent makes it: takes device fields and settings."""
    return partial(collect_once, Modbus)


@pytest.fixture
async def bus_of() -> AsyncIterator[Callable[[ModbusDevice], Bus]]:
    """The bus that tasks of a device share, whether they are there yet or not."""
    holder = object()
    yield lambda device: BUSES.get(line_of(device, "auto"), holder)
    BUSES.release(holder)


@pytest.fixture
async def opened():
    """Opens sessions of a plugin; all are closed at the end."""
    sessions = []

    async def open_device(plugin, device):
        sessions.append(await plugin.open(device))
        return sessions[-1]

    yield open_device
    for session in sessions:
        await session.close()


@pytest.fixture
def plugin() -> Callable[..., Modbus]:
    """Makes one that reads these addresses, each with a request of its own."""

    def make(*addresses: int) -> Modbus:
        registers = [{"address": address} for address in addresses]
        return Modbus(ModbusConfig.model_validate({"registers": registers, "bridge": 0}))

    return make


@pytest.fixture
def device() -> Callable[..., ModbusDevice]:
    """Fields of a device behind this server."""
    return lambda server, **more: ModbusDevice.model_validate(
        {"host": "127.0.0.1", "port": server.port, **more}
    )


@pytest.fixture
def failure() -> Callable[[Session], Awaitable[Exception]]:
    """The error of a run, which has to have one."""

    async def run(session: Session) -> Exception:
        with pytest.raises(DeviceUnreachable) as caught:
            await session.collect(make_context())
        return caught.value

    return run


def rtu(frame: bytes) -> bytes:
    """A frame with its right checksum (Modbus over Serial Line V1.02, 6.2.2)."""
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return frame + crc.to_bytes(2, "little")
