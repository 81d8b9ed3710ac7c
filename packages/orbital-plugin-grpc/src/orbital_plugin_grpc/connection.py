"""A connection by gRPC: one stream each way, for all that the agent and a program say to each other."""

from __future__ import annotations

import asyncio
import hmac
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import grpc.aio
from grpc.aio import AioRpcError

from orbital_plugin_grpc.codec import FROM_AGENT, FROM_PROGRAM
from orbital_plugin_grpc.health import check_health
from orbital_plugin_grpc.reasons import reason
from orbital_plugin_grpc.schema import PATH
from orbital_plugin_host.handshake import SECONDS, proof
from orbital_sdk.wire import Malformed
from orbital_sdk.wire.limits import MESSAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orbital_plugin_host.handshake import Address
    from orbital_plugin_host.remote.connection import Receiver
    from orbital_sdk.wire.calls import FromAgent

aio: Any = grpc.aio  # its stubs lack some of it
PROOF: Final = "orbital-proof"
"""Metadata of the stream: the proof of the handshake in hexadecimal digits, the agent's with its call and the
program's with its answer."""
OPTIONS: Final = (
    ("grpc.max_receive_message_length", MESSAGE),
    ("grpc.max_send_message_length", MESSAGE),
    ("grpc.enable_retries", 0),
)

aio.init_grpc_aio()  # its thread stays; it would come and go with connections


async def connect(address: Address, cookie: str, receiver: Receiver) -> GrpcConnection:
    """Open the stream; a `Connector` of `orbital_plugin_host`.

    Raises:
        OSError: Nobody speaks gRPC there, or not this service.
        Malformed: Somebody who does not know the cookie.
    """
    if address.wire != "grpc":
        raise Malformed(f"it announced {address.wire!r}, and its description says grpc")
    channel = aio.insecure_channel(f"unix:{address.socket}", options=OPTIONS)
    stream = channel.stream_stream(PATH)(metadata=((PROOF, proof(cookie, "agent").hex()),))
    try:
        async with asyncio.timeout(SECONDS):
            await _check(stream, proof(cookie, "program").hex())
            await check_health(channel)
    except BaseException as error:
        stream.cancel()
        await channel.close()
        if isinstance(error, TimeoutError):
            raise OSError(f"it did not answer within {SECONDS:g} s") from error
        raise
    return GrpcConnection(channel, stream, receiver)


async def _check(stream: Any, wanted: str) -> None:
    """That whoever answers knows the cookie."""
    metadata = await stream.initial_metadata()
    shown = str(metadata.get(PROOF, "")) if metadata else ""
    if hmac.compare_digest(shown.encode(), wanted.encode()):
        return
    if not shown:  # the stream has ended, or is about to
        raise OSError(f"it {reason(await stream.code(), await stream.details())}")
    raise Malformed(f"its {PROOF} is not that of this start: it does not know the cookie")


class GrpcConnection:
    """An open stream; a `Connection` of `orbital_plugin_host`."""

    def __init__(self, channel: Any, stream: Any, receiver: Receiver) -> None:
        self._channel, self._stream, self._receiver = channel, stream, receiver
        self._waiting: list[bytes] = []
        self._wake = asyncio.Event()
        """Something waits to be sent, or the connection is to be closed."""
        self._flows = asyncio.Event()
        self._flows.set()
        self._closed = False
        self._tasks = [asyncio.create_task(work()) for work in (self._write, self._read)]
        """The event loop keeps only weak references."""

    def send(self, message: FromAgent) -> None:
        """As of `Connection`. What was sent in one turn of the loop goes as one message."""
        body = FROM_AGENT.encode(message)
        if not self._closed:
            self._waiting.append(body)
            self._wake.set()

    def pause(self) -> None:
        """As of `Connection`: the program waits when HTTP/2's window is full."""
        self._flows.clear()

    def resume(self) -> None:
        """As of `Connection`."""
        self._flows.set()

    def close(self) -> None:
        """As of `Connection`: the program gets the end of the stream, and ends its side."""
        self._closed = True
        self._wake.set()
        self._flows.set()

    async def _write(self) -> None:
        with suppress(AioRpcError, asyncio.InvalidStateError):  # the reader says why
            while self._waiting or not self._closed:
                await self._wake.wait()
                self._wake.clear()
                waiting, self._waiting = self._waiting, []
                for body in joined(waiting):
                    await self._stream.write(body)
            await self._stream.done_writing()

    async def _read(self) -> None:
        try:
            why = await self._receive()
        except AioRpcError as error:
            why = reason(error.code(), error.details())
        except Malformed as error:
            why = f"sent {error}"
        if not self._closed:
            self.close()
            self._receiver.lost(why)
        self._stream.cancel()
        await self._channel.close()

    async def _receive(self) -> str:
        """Take messages to the end of the stream."""
        while (body := await self._stream.read()) is not aio.EOF:
            for message in FROM_PROGRAM.decode(body):
                if not self._closed:
                    self._receiver.received(message)
            await self._flows.wait()
        return "ended the stream"


def joined(bodies: Iterable[bytes]) -> Iterator[bytes]:
    """In as few messages as may cross."""
    group, size = list[bytes](), 0
    for body in bodies:
        if group and size + len(body) > MESSAGE:
            yield b"".join(group)
            group, size = [], 0
        group.append(body)
        size += len(body)
    if group:
        yield b"".join(group)
