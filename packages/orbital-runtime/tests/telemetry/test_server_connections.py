"""Connections to the pages: how many, how long, and who makes room for whom."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from orbital_runtime.telemetry.server.connections import ConnectionLimits
from orbital_runtime_testing.asking import Unix, ask, tcp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from orbital_runtime.telemetry import Telemetry

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
SOON = 0.2


@asynccontextmanager
async def connected(
    telemetry: Telemetry,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, port = telemetry.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()


async def cut(reader: asyncio.StreamReader) -> bytes:
    """What comes until the other side ends it."""
    told = b""
    try:
        while some := await reader.read(65536):
            told += some
    except ConnectionResetError:
        pass
    return told


async def closed(path: Path, reason: str) -> float:
    """How many were closed for this reason, as the metrics say."""
    page = (await ask(Unix(path), "/metrics")).body.decode()
    name = f'sentinel_telemetry_connections_closed_total{{reason="{reason}"}} '
    return float(page.partition(name)[2].split()[0])


async def test_who_says_nothing_is_sent_away(world, path: Path):
    """Neither silence nor half a request holds a connection for longer than a request may take to come."""
    async with world.serving(path, limits=ConnectionLimits(head=SOON)) as telemetry:
        for words in (b"", REQUEST[:-2]):
            async with connected(telemetry) as (reader, writer):
                writer.write(words)
                assert await cut(reader) == b""
        assert await closed(path, "late") == 2


async def test_half_a_request_after_an_answer_is_no_excuse(world, path: Path):
    """The second request on a connection has as long as the first."""
    async with (
        world.serving(path, limits=ConnectionLimits(head=SOON)) as telemetry,
        connected(telemetry) as (reader, writer),
    ):
        writer.write(REQUEST)
        assert b" 200 " in await reader.readuntil(b"}")
        writer.write(REQUEST[:-2])
        assert b"HTTP" not in await cut(reader)
        assert await closed(path, "late") == 1


async def test_who_does_not_read_the_answer_is_sent_away(world, path: Path):
    """A large answer that nobody takes is let go of."""
    world.add_tasks(9000)
    async with world.serving(path, limits=ConnectionLimits(total=SOON)) as telemetry:
        host, port = telemetry.url.removeprefix("http://").split(":")
        with socket.socket() as lazy:
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.connect((host, int(port)))
            lazy.sendall(REQUEST.replace(b"/healthz", b"/api/v1/tasks?limit=9000"))
            await world.until(lambda: telemetry._servers[1]._connections.dropped["late"] == 1)


async def test_who_comes_last_gets_the_place_of_the_most_silent(world, path: Path):
    """Where all places of an address are taken, the newest is served and the oldest goes."""
    async with (
        world.serving(path, limits=ConnectionLimits(each=2)) as telemetry,
        connected(telemetry) as (oldest, _),
        connected(telemetry) as (second, answering),
    ):
        assert (await ask(tcp(telemetry), "/healthz")).status == 200
        assert await cut(oldest) == b""
        answering.write(REQUEST)
        assert b" 200 " in await second.readuntil(b"}")
        assert await closed(path, "crowded") == 1


async def test_all_places_together_are_bounded(world, path: Path):
    """However many addresses they come from."""
    async with world.serving(path, limits=ConnectionLimits(all=1)) as telemetry:
        port = int(telemetry.url.rpartition(":")[2])
        first = socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.2", 0))
        with first:
            reader, writer = await asyncio.open_connection(sock=first)
            assert (await ask(tcp(telemetry), "/healthz")).status == 200
            assert await cut(reader) == b""
            writer.close()
