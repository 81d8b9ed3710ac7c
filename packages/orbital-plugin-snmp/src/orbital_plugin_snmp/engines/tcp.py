"""One TCP connection for one device (RFC 3430): messages follow each other, each tells its length."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp.engines.link import LinkError
from orbital_plugin_snmp.wire.ber import SEQUENCE, WireError
from orbital_plugin_snmp.wire.identity import identify
from orbital_plugin_snmp.wire.pdu import FIRST_ID, LAST_ID

if TYPE_CHECKING:
    from orbital_plugin_snmp.engines.address import Address

LARGEST: Final = 4 << 20
"""Bytes of one message."""


class TcpLink:
    """Connects when it is asked, and again after the connection broke.

    Args:
        address: Of the device.
        label: For messages.
        source: Address to send from; empty as the system routes.
    """

    def __init__(self, address: Address, label: str, source: str = "") -> None:
        self.label = label
        self._address = address
        self._local = (source, 0) if source else None
        self._id = FIRST_ID + secrets.randbelow(LAST_ID - FIRST_ID)
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._connecting = asyncio.Lock()

    def new_id(self) -> int:
        """As `Link.new_id`."""
        self._id = self._id + 1 if self._id < LAST_ID else FIRST_ID
        return self._id

    async def ask(self, message_id: int, message: bytes, wait: float) -> bytes:
        """As `Link.ask`."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[message_id] = answer
        try:
            async with asyncio.timeout(wait):
                writer = await self._connected()
                writer.write(message)
                return await answer
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
            raise LinkError(error.strerror or str(error)) from error
        finally:
            self._waiting.pop(message_id, None)

    def launch(self, message_id: int, message: bytes, wait: float) -> None:
        """As `Link.launch`: never, since devices answer on a connection one by one."""

    def close(self) -> None:
        """As `Link.close`."""
        if self._reading is not None:
            self._reading.cancel()
        self._drop(LinkError("the session was closed"))

    async def _connected(self) -> asyncio.StreamWriter:
        async with self._connecting:
            if self._writer is None:
                host, port = self._address.sockaddr[:2]
                family = self._address.family
                reader, self._writer = await asyncio.open_connection(
                    host, port, family=family, local_addr=self._local
                )
                self._reading = asyncio.get_running_loop().create_task(self._read(reader))
            return self._writer

    async def _read(self, reader: asyncio.StreamReader) -> None:
        why: Exception = LinkError("it closed the connection")
        try:
            while True:
                message = await _message(reader)
                answer = self._waiting.get(identify(message))
                if answer is not None and not answer.done():
                    answer.set_result(message)
        except WireError as error:
            why = error
        except OSError as error:
            why = LinkError(error.strerror or str(error))
        except asyncio.IncompleteReadError:
            pass
        self._drop(why)

    def _drop(self, why: Exception) -> None:
        """The connection is of no use any more: the next request makes another."""
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.close()
            self._writer = None
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(why)


async def _message(reader: asyncio.StreamReader) -> bytes:
    """The next whole message.

    Raises:
        WireError: What comes is none.
    """
    head = await reader.readexactly(2)
    if head[0] != SEQUENCE:
        raise WireError(f"not a message, but an octet 0x{head[0]:02x}")
    size = head[1]
    if size > 0x7F:
        if size & 0x7F not in (1, 2, 3, 4):
            raise WireError("a message of impossible length")
        octets = await reader.readexactly(size & 0x7F)
        head, size = head + octets, int.from_bytes(octets, "big")
    if size > LARGEST:
        raise WireError(f"a message of {size} bytes")
    return head + await reader.readexactly(size)
