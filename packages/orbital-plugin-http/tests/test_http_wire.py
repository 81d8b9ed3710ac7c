"""Connections: which address is taken, and what happens to the socket."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from orbital_plugin_http.wire import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orbital_resolver import Address

TCP = socket.SOCK_STREAM


def ipv4(port: int) -> Address:
    return (socket.AF_INET, TCP, 6, "", ("127.0.0.1", port))


def ipv6(port: int) -> Address:
    return (socket.AF_INET6, TCP, 6, "", ("::1", port, 0, 0))


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    """A port on ::1 that sends back what it gets."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            writer.write(data)
        writer.close()

    async with await asyncio.start_server(serve, "::1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


async def test_a_silent_first_address_does_not_hold_the_second(echo: int, dead_port: int) -> None:
    """Happy eyeballs: the address that answers is taken, and is the one that is reported."""
    wire = await connect([ipv4(dead_port), ipv6(echo)])
    assert wire.address == ipv6(echo)
    await wire.send(b"hello")
    assert await wire.receive(first=True) == b"hello"
    wire.close()


async def test_a_closed_first_address_is_passed_over(echo: int) -> None:
    """A refusal is no reason to wait for the head start."""
    wire = await connect([ipv4(closed_port()), ipv6(echo)])
    assert wire.address == ipv6(echo)
    wire.close()


async def test_where_no_address_answers_the_error_says_so() -> None:
    """One address or several: an OSError with the system's words."""
    for addresses in ([ipv4(closed_port())], [ipv4(closed_port()), ipv6(closed_port())]):
        with pytest.raises(OSError, match="refused"):
            await connect(addresses)


async def test_more_than_fits_into_the_socket_is_sent() -> None:
    """Sending waits for room as long as the peer does not read, and goes on when it does."""
    read, got = asyncio.Event(), asyncio.get_running_loop().create_future()

    async def sink(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read.wait()
        got.set_result(len(await reader.read(-1)))
        writer.close()

    async with await asyncio.start_server(sink, "127.0.0.1", 0) as server:
        wire = await connect([ipv4(server.sockets[0].getsockname()[1])])
        sending = asyncio.create_task(wire.send(bytes(30_000_000)))
        assert not (await asyncio.wait([sending], timeout=0.1))[0]
        read.set()
        await sending
        wire.close()
        assert await got == 30_000_000


async def test_waiting_for_room_can_be_cancelled() -> None:
    """A sender that is cancelled leaves no watch behind."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire = await connect([ipv4(listener.getsockname()[1])])
        fd = wire.sock.fileno()
        sending = asyncio.create_task(wire.send(bytes(30_000_000)))
        await asyncio.wait([sending], timeout=0.05)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        assert not asyncio.get_running_loop().remove_writer(fd)
        wire.close()


async def test_a_closed_wire_is_closed_once_and_for_all(echo: int) -> None:
    """Closing twice does no harm, and no watch is left on the loop."""
    wire = await connect([ipv6(echo)])
    fd = wire.sock.fileno()
    wire.close()
    wire.close()
    assert wire.sock.fileno() == -1
    assert not asyncio.get_running_loop().remove_reader(fd)


async def test_a_peer_that_left_is_seen_before_a_request_is_sent(echo: int) -> None:
    """`idle` tells an open and silent connection from one that ended or has something to say."""
    wire = await connect([ipv6(echo)])
    assert wire.idle()
    await wire.send(b"x")
    await wire._readable()
    assert not wire.idle()
    wire.close()
