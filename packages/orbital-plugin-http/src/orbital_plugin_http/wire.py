"""One TCP connection, plain or under TLS, on a non-blocking socket.

The socket is watched with `add_reader`, without transport and stream, and that watch lasts as long as the
connection is in use: a probe with a new connection has three wake-ups and few system calls besides
(docs/decisions/0004-http-client.md).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import ssl
from typing import TYPE_CHECKING, Final

from aiohappyeyeballs import (
    start_connection,  # pyright: ignore[reportUnknownVariableType] (a bare tuple inside)
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_resolver import Address


CHUNK: Final = 16_384
"""Bytes of one read; also the size of a TLS record."""
HEAD_START: Final = 0.25
"""Seconds until the next address is tried beside the ones before (RFC 8305)."""
_NONBLOCKING: Final[int] = getattr(socket, "SOCK_NONBLOCK", 0)


class Wire:
    """A connection of one task, which waits for one thing at a time. Whoever made it closes it."""

    __slots__ = ("_fd", "_loop", "_waiter", "_watched", "address", "sock")

    def __init__(
        self, sock: socket.socket, address: Address, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.sock = sock
        self.address = address
        self._fd = sock.fileno()
        self._loop = loop
        self._waiter: asyncio.Future[None] | None = None
        self._watched = False

    async def connect(self) -> None:
        """Connect to the address.

        Raises:
            OSError: It does not take the connection.
        """
        error = self.sock.connect_ex(self.address[4])
        if error in (errno.EINPROGRESS, errno.EWOULDBLOCK):
            error = await self._connected()
        if error:
            raise OSError(error, os.strerror(error))

    async def secure(self, context: ssl.SSLContext, name: str) -> ssl.SSLSocket:
        """Start TLS as a client of `name`.

        Raises:
            ssl.SSLError: The handshake failed; `SSLCertVerificationError` where trust was missing.
            OSError: The connection broke.
            ValueError: No server can have that name.
        """
        name.encode("idna")  # wrapping does it too, and loses the socket where it fails
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # it sends in small pieces
        sock = context.wrap_socket(self.sock, server_hostname=name, do_handshake_on_connect=False)
        self.sock = sock
        while True:
            try:
                sock.do_handshake()
            except ssl.SSLWantReadError:
                await self._readable()
            except ssl.SSLWantWriteError:
                await self._writable()
            else:
                return sock

    async def send(self, data: bytes) -> None:
        """Send all of it.

        Raises:
            OSError: The connection broke.
        """
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self.sock.send(rest) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                await self._writable()
            except ssl.SSLWantReadError:
                await self._readable()

    async def receive(self, *, first: bool = False) -> bytes:
        """What comes next; empty at the end.

        Args:
            first: Nothing can have come yet, so that it is no use to look before waiting.

        Raises:
            OSError: The connection broke.
        """
        if first and not isinstance(self.sock, ssl.SSLSocket):
            await self._readable()
        while True:
            try:
                return self.sock.recv(CHUNK)
            except (BlockingIOError, ssl.SSLWantReadError):
                await self._readable()
            except ssl.SSLWantWriteError:
                await self._writable()

    def rest(self) -> None:
        """Nobody waits for it for a while."""
        if self._watched:
            self._watched = False
            self._loop.remove_reader(self._fd)

    def idle(self) -> bool:
        """Whether it is open and silent, so that a request may be sent on it."""
        try:
            self.sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Close it; again does no harm."""
        self.rest()
        if isinstance(self.sock, ssl.SSLSocket):
            with contextlib.suppress(OSError, ValueError):
                self.sock.unwrap()  # says goodbye, and does not wait for the answer
        self.sock.close()

    async def _connected(self) -> int:
        self._loop.add_writer(self._fd, self._wake)
        try:
            await self._wait()
            error = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not error:
                self._watch()  # before the other watch ends: uvloop then keeps one handle for both
        finally:
            self._loop.remove_writer(self._fd)
        return error

    async def _readable(self) -> None:
        self._watch()
        await self._wait()

    async def _writable(self) -> None:
        self.rest()  # what may have come would wake us all the time
        self._loop.add_writer(self._fd, self._wake)
        try:
            await self._wait()
        finally:
            self._loop.remove_writer(self._fd)

    def _watch(self) -> None:
        if not self._watched:
            self._watched = True
            self._loop.add_reader(self._fd, self._wake)

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        await self._waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


async def connect(addresses: Sequence[Address]) -> Wire:
    """Connect to the first address that answers.

    Raises:
        OSError: None does.
    """
    loop = asyncio.get_running_loop()
    if len(addresses) > 1:
        return await _race(addresses, loop)
    family, kind, protocol, _, _ = addresses[0]
    sock = socket.socket(family, kind | _NONBLOCKING, protocol)
    if not _NONBLOCKING:
        sock.setblocking(False)
    wire = Wire(sock, addresses[0], loop)
    try:
        await wire.connect()
    except BaseException:
        wire.close()
        raise
    return wire


async def _race(addresses: Sequence[Address], loop: asyncio.AbstractEventLoop) -> Wire:
    try:
        sock = await start_connection(
            addresses, happy_eyeballs_delay=HEAD_START, interleave=1, loop=loop
        )
    except OSError as error:
        if error.errno is None:  # each address has its own reason, and the message names them all
            raise
        raise OSError(error.errno, os.strerror(error.errno)) from error
    peer = sock.getpeername()
    return Wire(sock, next((a for a in addresses if a[4] == peer), addresses[0]), loop)
