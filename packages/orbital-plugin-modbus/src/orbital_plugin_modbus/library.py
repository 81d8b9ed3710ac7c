"""The engine that covers everything: pymodbus' clients."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import struct
import traceback
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pymodbus import FramerType, ModbusException
from pymodbus.client import (
    AsyncModbusSerialClient,
    AsyncModbusTcpClient,
    AsyncModbusTlsClient,
    AsyncModbusUdpClient,
)
from pymodbus.exceptions import ConnectionException
from serial import SerialException
from serial.rs485 import RS485Settings

from orbital_plugin_modbus.exceptions import Cut, ExchangeError, Garbled, NoAnswer, Refused
from orbital_resolver import Unresolved, lookup
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_plugin_modbus.line import Line
    from orbital_plugin_modbus.tables import Read

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # it logs what we count and say ourselves

LineError: type[Exception] = ValueError
with contextlib.suppress(ImportError):  # Windows has no termios
    import termios

    LineError = termios.error

PATIENCE: Final = 3600.0
"""Seconds after which pymodbus itself would give up; the time-outs are ours."""
_READS: Final = {
    "coil": "read_coils",
    "discrete": "read_discrete_inputs",
    "holding": "read_holding_registers",
    "input": "read_input_registers",
}


class LibraryLink:
    """One client of pymodbus, without its retries and reconnects."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._client: Any = None
        self._heard = 0
        self.identified = line.transport in {"tcp", "tls", "udp"}
        self.discarded: Counter[str] = Counter()

    @property
    def connected(self) -> bool:
        return self._client is not None and self._client.connected

    async def open(self, timeout: float) -> None:  # noqa: ASYNC109 (part of the answer)
        try:
            async with asyncio.timeout(timeout):
                client = self._client = _client(self._line, await self._host(), self._trace)
                self._guard(client)
                self._expect_name(client)
                connected = await client.connect()
        except ConfigurationError as error:  # TLS files, checked before; one is being replaced now
            raise Cut(str(error)) from error
        except TimeoutError:
            raise Cut(f"cannot connect within {timeout:g} s") from None
        except Unresolved as error:
            raise Cut(f"cannot connect: {error.reason}") from error
        except (LineError, ValueError) as error:
            traceback.clear_frames(error.__traceback__)  # or they keep the port open, and so in use
            raise Cut(
                f"{self._line.name} takes no such baudrate, parity or bits: {error.args[-1]}"
            ) from None
        except (OSError, ModbusException) as error:
            raise Cut(f"cannot connect: {error}") from error
        if not connected:
            raise Cut(f"cannot open {self._line.name}{_hint(self._line)}")
        self._set_rs485(client)

    async def read(self, unit: int, read: Read, timeout: float) -> bytes:  # noqa: ASYNC109 (as above)
        if not self.connected:
            raise Cut("the connection was closed by the device")
        ask = getattr(self._client, _READS[read.table.name])
        self._heard = 0
        try:
            async with asyncio.timeout(timeout):
                answer = await ask(read.start, count=read.count, device_id=unit)
        except TimeoutError:
            raise self._silence(timeout) from None
        except ConnectionException as error:
            raise Cut("the connection was cut") from error
        except ModbusException as error:
            raise Garbled("garbled", str(error)) from error
        return _data(answer, unit, read)

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def _host(self) -> str:
        """The address for pymodbus, which would hold one of few threads until a name server answers."""
        if self._line.serial:
            return ""
        addresses = await lookup(self._line.host, self._line.port, outdated=True)
        return addresses[0][4][0]

    def _expect_name(self, client: Any) -> None:
        """TLS checks the name, which pymodbus does not know, since it connects to an address."""
        if self._line.transport == "tls":
            connect = client.ctx.call_create
            client.ctx.call_create = partial(connect, server_hostname=self._line.host)

    def _silence(self, seconds: float) -> ExchangeError:
        """The library skips frames that are no answer, so the time passes; that they came is known here."""
        if not self.connected:
            return Cut("the connection was cut")
        if self._heard:
            return Garbled(
                "garbled", f"{self._heard} bytes came within {seconds:g} s, and no valid answer"
            )
        return NoAnswer(f"no answer within {seconds:g} s")

    def _trace(self, sending: bool, data: bytes) -> bytes:  # noqa: FBT001 (pymodbus calls it so)
        if not sending:
            self._heard = max(self._heard, len(data))
        return data

    def _guard(self, client: Any) -> None:
        """Bytes that pymodbus cannot decode raise inside the event loop, and more than a frame is thrown away
        unseen; here they are counted instead.
        """
        context = client.ctx
        decode, receive = context.callback_data, context.datagram_received

        def callback_data(data: bytes, addr: Any = None) -> int:
            try:
                return decode(data, addr)
            except (ModbusException, ValueError, IndexError, struct.error):
                self.discarded["garbled"] += 1
                return len(data)

        def datagram_received(data: bytes, addr: Any) -> None:
            if len(context.recv_buffer) + len(data) > context.max_buffer_size:
                self._heard += len(data)
            receive(data, addr)

        context.callback_data, context.datagram_received = callback_data, datagram_received

    def _set_rs485(self, client: Any) -> None:
        settings = self._line.rs485
        if settings is None:
            return
        try:
            client.ctx.transport.sync_serial.rs485_mode = RS485Settings(*settings)
        except (OSError, ValueError, SerialException) as error:
            self.close()
            raise Cut(f"{self._line.name} takes no RS-485 settings: {error}") from error


def _hint(line: Line) -> str:
    """Why a connection failed, which pymodbus keeps to itself, as far as it can be seen from here."""
    if not line.serial:
        return ""
    if not Path(line.device).exists():
        return ": there is no such device"
    if not os.access(line.device, os.R_OK | os.W_OK):
        return ": this user may not; on Linux the group dialout may"
    return ": it may be in use by another program"


def _client(line: Line, host: str, trace: Callable[[bool, bytes], bytes]) -> Any:
    common: dict[str, Any] = {
        "timeout": PATIENCE, "retries": 0, "reconnect_delay": 0, "trace_packet": trace,
    }  # fmt: skip
    if line.transport == "udp":
        return AsyncModbusUdpClient(host, port=line.port, **common)
    if line.transport == "tls":
        context = line.context()
        return AsyncModbusTlsClient(line.host, port=line.port, sslctx=context, **common)
    if line.transport in {"tcp", "rtu_over_tcp"}:
        framer = FramerType.SOCKET if line.transport == "tcp" else FramerType.RTU
        return AsyncModbusTcpClient(host, port=line.port, framer=framer, **common)
    return AsyncModbusSerialClient(
        line.device,
        framer=FramerType.ASCII if line.transport == "ascii" else FramerType.RTU,
        baudrate=line.baudrate,
        bytesize=line.data_bits,
        parity=line.parity,
        stopbits=line.stop_bits,
        handle_local_echo=line.echo,
        **common,
    )


def _data(answer: Any, unit: int, read: Read) -> bytes:
    """As on the wire, once it is sure that this answers that."""
    if answer.dev_id != unit:
        raise Garbled("wrong_unit", f"unit {answer.dev_id} answered")
    function = read.table.function
    if answer.function_code & 0x7F != function:
        raise Garbled(
            "wrong_function",
            f"an answer to function {answer.function_code} came, not to {function}",
        )
    if answer.isError():
        raise Refused(answer.exception_code)
    data = (
        _packed(answer.bits)
        if read.table.bits
        else struct.pack(f">{len(answer.registers)}H", *answer.registers)
    )
    if len(data) != read.size:
        raise Garbled("wrong_length", f"{len(data)} bytes of data came, not {read.size}")
    return data


def _packed(bits: list[bool]) -> bytes:
    number = sum(1 << place for place, bit in enumerate(bits) if bit)
    return number.to_bytes((len(bits) + 7) // 8, "little")
