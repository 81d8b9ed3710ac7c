"""The native engine: Modbus/TCP, plain or inside TLS.

Frames as in "MODBUS Messaging on TCP/IP Implementation Guide" V1.0b, 3.1.3, and "MODBUS/TCP Security" V21.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import struct
from collections import Counter
from typing import TYPE_CHECKING, Final

from aiohappyeyeballs import (
    start_connection,  # pyright: ignore[reportUnknownVariableType] (a bare tuple inside)
)

from orbital_plugin_modbus.exceptions import Cut, ExchangeError, Garbled, NoAnswer, Refused
from orbital_resolver import Unresolved, lookup
from orbital_sdk import ConfigurationError
from orbital_sdk.tls import not_accepted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_plugin_modbus.tables import Read
    from orbital_resolver import Address

HEAD_START: Final = 0.25
"""Seconds until the next address is tried beside the ones before (RFC 8305)."""
HEAD: Final = struct.Struct(">HHHBB")
"""Transaction, protocol (0), bytes that follow, unit, function."""
REQUEST: Final = struct.Struct(">HHHBBHH")
SHORTEST, LONGEST = 3, 254
"""What the length in a header may be: unit, function and at least a byte; 253 behind the unit at most."""


class MbapLink(asyncio.Protocol):
    """One connection.

    Args:
        host: Address or name.
        port: TCP port.
        tls: Makes the context, where the connection is inside TLS.
        server_name: Name that the certificate has to have; `host` if empty.
    """

    identified = True

    def __init__(
        self,
        host: str,
        port: int,
        tls: Callable[[], ssl.SSLContext] | None = None,
        server_name: str = "",
    ) -> None:
        self._host, self._port = host, port
        self._tls, self._server_name = tls, server_name or host
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._heard = False
        self._number = 0
        self._asked: tuple[int, int, Read] | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self.discarded: Counter[str] = Counter()

    @property
    def connected(self) -> bool:
        return self._transport is not None

    async def open(self, timeout: float) -> None:  # noqa: ASYNC109 (part of the answer)
        try:
            context = self._tls() if self._tls else None
        except ConfigurationError as error:  # checked before; a file is being replaced now
            raise Cut(str(error)) from error
        try:
            async with asyncio.timeout(timeout):
                addresses = await lookup(self._host, self._port, outdated=True)
                await self._connect(addresses, context)
        except TimeoutError:
            raise Cut(f"cannot connect within {timeout:g} s") from None
        except Unresolved as error:
            raise Cut(f"cannot connect: {error.reason}") from error
        except OSError as error:  # refused, and what TLS says
            raise Cut(f"cannot connect: {why(error)}") from error

    async def _connect(self, addresses: Sequence[Address], context: ssl.SSLContext | None) -> None:
        sock = await start_connection(addresses, happy_eyeballs_delay=HEAD_START, interleave=1)
        name = self._server_name if context else None
        try:
            await self._loop.create_connection(
                lambda: self, sock=sock, ssl=context, server_hostname=name
            )
        except BaseException:
            sock.close()
            raise

    async def read(self, unit: int, read: Read, timeout: float) -> bytes:  # noqa: ASYNC109 (as above)
        transport = self._transport
        if transport is None:
            raise Cut("the connection was closed by the device")
        number = self._number = self._number % 0xFFFF + 1
        self._asked = number, unit, read
        answer = self._answer = self._loop.create_future()
        timer = self._loop.call_later(timeout, self._late, answer, timeout)
        transport.write(
            REQUEST.pack(number, 0, 6, unit, read.table.function, read.start, read.count)
        )
        try:
            return await answer
        finally:
            timer.cancel()
            self._answer = None

    def close(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
        self._fail(Cut("the connection was closed"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # pyright: ignore[reportAttributeAccessIssue] (a stream's, always)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        inside = " inside a frame" if self._buffer else ""
        told = f": {why(exc)}" if isinstance(exc, OSError) else " by the device"
        mute = self._tls and not self._heard and not isinstance(exc, ssl.SSLError)
        hint = "; it may want a client certificate" if mute else ""
        self._fail(Cut(f"the connection was cut{inside}{told}{hint}"))

    def data_received(self, data: bytes) -> None:
        self._heard = True
        data = self._buffer + data if self._buffer else data
        while len(data) >= HEAD.size:
            number, protocol, length, unit, _ = HEAD.unpack_from(data)
            if protocol or not SHORTEST <= length <= LONGEST:
                self._buffer = b""
                self._fail(
                    Garbled("garbled", f"no frame of Modbus/TCP came: {data[:8].hex(' ')}...")
                )
                self.close()
                return
            if len(data) < length + 6:
                break
            self._take(number, unit, data[7 : length + 6])
            data = data[length + 6 :]
        self._buffer = data

    def _take(self, number: int, unit: int, body: bytes) -> None:
        """One whole frame; `body` is function code and data."""
        answer = self._answer
        if answer is None or answer.done() or self._asked is None or number != self._asked[0]:
            self.discarded["wrong_transaction"] += 1
            return
        try:
            answer.set_result(checked(body, unit, self._asked[1], self._asked[2]))
        except ExchangeError as error:
            answer.set_exception(error)

    def _late(self, answer: asyncio.Future[bytes], seconds: float) -> None:
        if not answer.done():
            answer.set_exception(NoAnswer(f"no answer within {seconds:g} s"))

    def _fail(self, error: ExchangeError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


def why(error: OSError) -> str:
    """The system's or OpenSSL's words for it; asyncio's own hide the reason."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return not_accepted(
            error.verify_message, ca_file="tls.ca_file", server_name="tls.server_name"
        )
    if isinstance(error, ssl.SSLError):
        return error.reason.replace("_", " ").lower() if error.reason else str(error)
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or str(error)


def checked(body: bytes, unit: int, asked: int, read: Read) -> bytes:
    """The data of an answer that is one to `read`.

    Args:
        body: Function code and what follows.
        unit: Who answered.
        asked: Who was asked.
        read: For what.

    Raises:
        Refused: It is an exception.
        Garbled: It is the answer to something else.
    """
    function = read.table.function
    if unit != asked:
        raise Garbled("wrong_unit", f"unit {unit} answered")
    if body[0] == function | 0x80 and len(body) == 2:
        raise Refused(body[1])
    if body[0] != function:
        raise Garbled("wrong_function", f"an answer to function {body[0]} came, not to {function}")
    if len(body) != read.size + 2 or body[1] != read.size:
        raise Garbled(
            "wrong_length",
            f"{len(body) - 2} bytes of data came (it says {body[1]}), not {read.size}",
        )
    return body[2:]
