"""Connections kept from run to run."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import pytest

from orbital_plugin_http import Http, HttpConfig, HttpDevice
from orbital_plugin_http.pool import Pool
from orbital_plugin_http.wire import Wire
from orbital_sdk import CollectError, UnexpectedReply
from orbital_sdk.testing import FakeHost, make_context
from orbital_testbench import Answer, CutAnswer, HostileServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from orbital_testbench import Authority

    Runs = Callable[..., Any]


@pytest.fixture
async def run() -> AsyncIterator[Runs]:
    """Runs of one plugin with `keep_alive`; gives a dict of values, and raises what collect raises."""
    plugins: dict[str, Http] = {}

    async def once(device: dict[str, Any], **config: Any) -> dict[str, float]:
        settings = HttpConfig.model_validate({"keep_alive": True, **config})
        plugin = plugins.setdefault(repr(settings), Http(settings))
        session = await plugin.open(HttpDevice.model_validate(device))
        samples = await session.collect(make_context())
        return {repr(sample.series): sample.value for sample in samples}

    yield once
    for plugin in plugins.values():
        await plugin.stop()


CONNECT = "probe_http_duration_seconds{phase='connect'}"


async def test_the_next_run_uses_the_same_connection(
    run: Runs, hostile_server: HostileServer
) -> None:
    """One connection for all runs; the phases before the request are 0 then."""
    hostile_server.default = Answer(200, body=b"ok")
    runs = [await run({"url": hostile_server.url}) for _ in range(3)]
    assert hostile_server.connections == 1
    assert hostile_server.requests[0].headers["connection"] == "keep-alive"
    assert [values[CONNECT] > 0 for values in runs] == [True, False, False]
    assert all(values["probe_ip_protocol{}"] == 4 for values in runs)


async def test_a_kept_tls_connection_still_tells_its_certificate(
    run: Runs, authority: Authority
) -> None:
    """TLS metrics come in each run, though the handshake was long ago."""
    with HostileServer(certificate=authority.issue("kept")) as server:
        device = {"url": server.url, "ca_file": str(authority.ca_file)}
        first, second = [await run(device) for _ in range(2)]
        assert server.connections == 1
    assert second["probe_http_duration_seconds{phase='tls'}"] == 0
    assert second["probe_ssl_earliest_cert_expiry{}"] == first["probe_ssl_earliest_cert_expiry{}"]


@pytest.mark.parametrize(
    "answer", [Answer(200, {"Connection": "close"}), Answer(302, {"Location": "/b"})]
)
async def test_a_connection_is_kept_only_if_the_server_keeps_it(
    run: Runs, hostile_server: HostileServer, answer: Answer
) -> None:
    """What says close is closed; a redirect to the same server goes over the same connection."""
    hostile_server.script(answer, Answer(200), Answer(200))
    await run({"url": hostile_server.url})
    await run({"url": hostile_server.url})
    assert hostile_server.connections == (1 if answer.status == 302 else 2)


async def test_a_connection_that_died_meanwhile_is_replaced(
    run: Runs, hostile_server: HostileServer
) -> None:
    """A server that hangs up on the second request gets it again on a new connection."""
    hostile_server.script(Answer(200), CutAnswer(), Answer(204))
    await run({"url": hostile_server.url})
    assert (await run({"url": hostile_server.url}))["probe_http_status_code{}"] == 204
    assert hostile_server.connections == 2


async def test_what_must_not_happen_twice_is_not_sent_twice(
    run: Runs, hostile_server: HostileServer
) -> None:
    """A POST that may have been taken is a failure, not a second POST."""
    hostile_server.script(Answer(200), CutAnswer(), Answer(204))
    await run({"url": hostile_server.url}, method="POST")
    with pytest.raises(UnexpectedReply, match="closed without an answer"):
        await run({"url": hostile_server.url}, method="POST")
    assert len(hostile_server.requests) == 2


async def test_a_connection_with_something_unread_is_not_kept(run: Runs) -> None:
    """After a truncated body, or with more than the response on the line, the connection is closed."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while await reader.readline():
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more")
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        device = {"url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}
        for _ in range(3):
            await run(device)
        assert connections == 3
        await run(device, max_body=1, large_body="truncate")
        with pytest.raises(CollectError, match="larger than 1 bytes"):
            await run(device, max_body=1)
        assert connections == 5


async def test_the_pool_is_bounded_in_number_and_time() -> None:
    """The connection that waits longest is closed first; one that waited too long is closed with it."""
    loop = asyncio.get_running_loop()
    pairs = [socket.socketpair() for _ in range(4)]
    for ours, _ in pairs:
        ours.setblocking(False)
    address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("", 0))
    wires = [Wire(ours, address, loop) for ours, _ in pairs]
    pool = Pool(most=2)
    for key, wire in enumerate(wires[:3]):
        pool.put(key, wire)
    assert [wire.sock.fileno() < 0 for wire in wires[:3]] == [True, False, False]
    assert pool.take(0) is None
    assert pool.take(1) is wires[1]
    pairs[2][1].close()
    assert pool.take(2) is None
    old = Pool(longest=-1.0)
    old.put("a", wires[3])
    assert wires[3].sock.fileno() < 0
    wires[1].close()
    pool.close()
    for _, theirs in pairs:
        theirs.close()


async def test_stop_closes_what_was_kept(hostile_server: HostileServer) -> None:
    """After `stop`, also a second one, nothing is open."""
    plugin = Http(HttpConfig(keep_alive=True))
    await plugin.start(FakeHost())
    session = await plugin.open(HttpDevice(url=hostile_server.url))
    await session.collect(make_context())
    (kept,) = [wire for wire, _ in plugin._prober._pool._idle.values()]
    await plugin.stop()
    await plugin.stop()
    assert kept.sock.fileno() < 0
