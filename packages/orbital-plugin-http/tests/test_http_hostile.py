"""Peers that are down, slow, broken or malicious: each costs its own run, in time, and by its reason."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import socket
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from orbital_plugin_http import Http, HttpConfig, HttpDevice
from orbital_sdk import DeviceUnreachable, UnexpectedReply
from orbital_sdk.testing import make_context
from orbital_testbench import (
    Answer,
    CloseAfterHeaders,
    CutAnswer,
    CutConnection,
    Drip,
    DripHeaders,
    Garbage,
    NoAnswer,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from orbital_sdk.testing import Collection
    from orbital_testbench import HostileServer

    Probe = Callable[..., Awaitable[Collection]]
    Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
    Serve = Callable[[bytes], Awaitable[str]]

OK = b"HTTP/1.1 200 OK\r\n"


@contextlib.asynccontextmanager
async def serving(answer: Handler) -> AsyncIterator[str]:
    """A server that treats each connection so, once the request's headers came. Gives its URL."""
    handlers: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())
        with contextlib.suppress(OSError):
            await reader.readuntil(b"\r\n\r\n")
            await answer(reader, writer)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    await asyncio.wait(handlers)


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """A server that says these bytes to whoever asks, and then closes."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(said: bytes) -> str:
            async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                writer.write(said)
                await writer.drain()

            return await stack.enter_async_context(serving(answer))

        yield start


@pytest.mark.parametrize(
    ("behaviour", "reason", "error", "words"),
    [
        (NoAnswer(), "timeout", DeviceUnreachable, "while waiting for the answer"),
        (Drip(every=0.01), "timeout", DeviceUnreachable, "while reading the answer"),
        (DripHeaders(every=0.01), "timeout", DeviceUnreachable, "while reading the answer"),
        (CutAnswer(), "protocol", UnexpectedReply, "closed without an answer"),
        (CloseAfterHeaders(length=100), "protocol", UnexpectedReply, "cut after 0 of 100 bytes"),
        (Garbage(), "protocol", UnexpectedReply, "not valid HTTP"),
        (Garbage(b"HTTP/1.1 200 OK\r\nA: b\r\n"), "protocol", UnexpectedReply, "cut within the headers"),
    ],
)  # fmt: skip
async def test_a_bad_peer_fails_by_its_reason(
    probe: Probe,
    hostile_server: HostileServer,
    behaviour: Any,
    reason: str,
    error: type,
    words: str,
) -> None:
    """Silence and dripping end with the time; cuts and garbage end at once; all metrics come."""
    hostile_server.default = behaviour
    result = await probe(hostile_server.url, {"timeout": "0.3s"})
    assert type(result.error) is error
    assert words in str(result.error)
    assert result.value("probe_success") == 0
    assert result.value("probe_http_failure_reason", reason=reason) == 1
    assert result.value("probe_duration_seconds") > 0
    assert "probe_http_duration_seconds" in result.names


async def test_a_reset_is_told_by_when_it_came(probe: Probe, hostile_server: HostileServer) -> None:
    """A reset right after the connection was made is seen while connecting or while asking."""
    hostile_server.default = CutConnection()
    error = (await probe(hostile_server.url)).error
    if isinstance(error, DeviceUnreachable):
        assert "cannot connect to 127.0.0.1" in str(error)
    else:
        assert isinstance(error, UnexpectedReply)
        assert "the connection " in str(error)


async def test_a_closed_port_is_a_connect_failure(probe: Probe) -> None:
    """Refused at once, with the address and the system's words."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = await probe(f"http://127.0.0.1:{port}/")
    assert isinstance(result.error, DeviceUnreachable)
    assert f"cannot connect to 127.0.0.1:{port}: Connection refused" in str(result.error)
    assert result.value("probe_http_failure_reason", reason="connect") == 1
    assert result.value("probe_ip_protocol") == 4
    several = await probe(f"http://localhost:{port}/")
    assert several.value("probe_http_failure_reason", reason="connect") == 1


async def test_an_address_that_never_answers_ends_with_the_time(
    probe: Probe, dead_port: int
) -> None:
    """Connecting is cut off by the run's own timeout, and the run still reports."""
    result = await probe(f"http://127.0.0.1:{dead_port}/", timeout=1.5)
    assert isinstance(result.error, DeviceUnreachable)
    assert f"while connecting to 127.0.0.1:{dead_port}" in str(result.error)
    assert result.value("probe_http_failure_reason", reason="timeout") == 1


@pytest.mark.parametrize(
    ("said", "reason", "words"),
    [
        (OK + b"X: " + b"a" * 100_000 + b"\r\n\r\n", "protocol", "headers of more than 65536 bytes"),
        (OK + b"X-More: yes\r\n" * 10_000, "protocol", "headers of more than 65536 bytes"),
        (b"HTTP/1.1 103 Early\r\nX: y\r\n\r\n" * 10_000, "protocol", "headers of more than 65536 bytes"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1;" + b"x" * 200_000, "protocol", "framing"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n" + b"A: b\r\n" * 30_000,
         "protocol", "framing"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "protocol", "not valid HTTP"),
        (OK + b"Content-Length: 99999999999999999999999\r\n\r\n", "protocol", "not valid HTTP"),
        (OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", "protocol", "not valid HTTP"),
        (OK + b"Content-Length: -5\r\n\r\n", "protocol", "not valid HTTP"),
        (b"HTTP/1.1 999999 OK\r\n\r\n", "protocol", "not valid HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "protocol", "not valid HTTP"),
        (OK + b"Content-Length: 10\r\n\r\nabc", "protocol", "cut after 3 of 10 bytes"),
        (OK + b"\r\n" + b"x" * 5000, "body", "larger than 4096 bytes"),
        (OK + b"Content-Length: 5000\r\n\r\n" + b"x" * 5000, "body", "larger than 4096 bytes"),
        (OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(10_000_000), mtime=0)[:4000],
         "body", "larger than 4096 bytes when decompressed"),
        (OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"", mtime=0) * 100, "body", "16 parts"),
        (OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"abc", mtime=0)[:-9], "body", "cut off"),
        (OK + b"Content-Encoding: gzip\r\n\r\nnot gzip", "body", "damaged"),
        (OK + b"Content-Encoding: deflate\r\n\r\nnot deflate", "body", "damaged"),
        (OK + b"Content-Encoding: br\r\n\r\nabc", "body", "'br' is not known"),
    ],
)  # fmt: skip
async def test_a_malformed_or_endless_response_is_cut_short(
    probe: Probe, serve: Serve, said: bytes, reason: str, words: str
) -> None:
    """Headers, framing, bodies and what they decompress to are bounded; the rest is not read."""
    result = await probe(await serve(said), {"max_body": 4096, "body_matches": "x"})
    assert isinstance(result.error, UnexpectedReply)
    assert words in str(result.error)
    assert result.value("probe_http_failure_reason", reason=reason) == 1


@pytest.mark.parametrize(
    ("said", "status", "length"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\nabc", 200, 3),
        (b"HTTP/1.1 200\r\n\r\nabc", 200, 3),
        (b"HTTP/1.1 200 OK\nServer: tiny\n\nabc", 200, 3),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 204, 0),
        (b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nab", 200, 2),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nTrailer: x\r\n\r\n", 200, 3),
        (OK + b"Content-Length: 2\r\n\r\nab and more than was promised", 200, 2),
        (b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n\x00\x01", 101, 0),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", 304, 0),
    ],
)  # fmt: skip
async def test_odd_but_understandable_responses_are_understood(
    probe: Probe, serve: Serve, said: bytes, status: int, length: int
) -> None:
    """Small devices speak HTTP/1.0, leave out reasons and carriage returns, and say too much."""
    result = await probe(await serve(said), {"expected_status": "100-399"})
    assert result.error is None
    assert result.value("probe_http_status_code") == status
    assert result.value("probe_http_uncompressed_body_length") == length


async def test_a_large_body_may_be_cut_instead(probe: Probe, serve: Serve) -> None:
    """With `truncate` the first bytes are checked, compressed or not, and the rest is not read."""
    config = {"max_body": 4096, "large_body": "truncate", "body_matches": "^x+$"}
    plain = await probe(await serve(OK + b"\r\n" + b"x" * 1_000_000), config)
    packed = OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 1_000_000)
    squeezed = await probe(await serve(packed), config)
    for result in (plain, squeezed):
        assert result.error is None
        assert result.value("probe_http_uncompressed_body_length") == 4096


async def test_an_early_answer_to_a_large_request_is_read(probe: Probe) -> None:
    """A server that says 413 and closes before all of the request came is heard."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.write_eof()  # half closed, as nginx lingers
        while await reader.read(100_000):
            pass

    async with serving(refuse) as url:
        result = await probe(url, {"method": "POST", "body": "x" * 900_000})
    assert result.value("probe_http_status_code") == 413


async def test_a_bomb_costs_no_more_memory_than_the_limit(probe: Probe, serve: Serve) -> None:
    """A gigabyte in a megabyte of gzip is given up at `max_body`."""
    bomb = gzip.compress(bytes(300_000_000))
    url = await serve(OK + b"Content-Encoding: gzip\r\n\r\n" + bomb)
    tracemalloc.start()
    try:
        result = await probe(url, {"max_body": "1MiB"})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "larger than 1048576 bytes when decompressed" in str(result.error)
    assert peak < 10_000_000


async def test_a_pattern_that_backtracks_for_ever_is_given_up(probe: Probe, serve: Serve) -> None:
    """A pattern with nested repetitions fails by name instead of blocking the event loop."""
    url = await serve(OK + b"\r\n" + b"a" * 60 + b"!")
    result = await probe(url, {"body_matches": "(a|aa)+$"})
    assert isinstance(result.error, UnexpectedReply)
    assert "nested repetitions" in str(result.error)
    assert result.value("probe_failed_due_to_regex") == 1


async def test_a_cancelled_probe_closes_its_connection(hostile_server: HostileServer) -> None:
    """Wherever it waits, cancelling it ends the connection, and the cancellation is not swallowed."""
    hostile_server.default = NoAnswer()
    plugin = Http(HttpConfig())
    session = await plugin.open(HttpDevice(url=hostile_server.url))
    task = asyncio.create_task(session.collect(make_context()))
    await asyncio.to_thread(hostile_server.wait_for_requests, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await plugin.stop()


async def test_a_slow_peer_costs_only_its_own_run(
    probe: Probe, hostile_server: HostileServer, dead_port: int
) -> None:
    """While fifty probes hang, others are answered at once."""
    hostile_server.default = Answer(200)
    plugin = Http(HttpConfig())
    dead = HttpDevice(url=f"http://127.0.0.1:{dead_port}/")
    sessions = [await plugin.open(dead) for _ in range(50)]
    hanging = [asyncio.create_task(session.collect(make_context())) for session in sessions]
    for _ in range(20):
        assert (await probe(hostile_server.url)).error is None
    assert not any(task.done() for task in hanging)
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_a_failed_run_leaves_nothing_behind(
    probe: Probe, hostile_server: HostileServer
) -> None:
    """Its body is gone with it, without a look at all garbage: that is rare, and a body may be large."""
    bomb = gzip.compress(bytes(100 << 20), 1)
    hostile_server.default = Answer(200, {"Content-Encoding": "gzip"}, bomb)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(8):
            result = await probe(hostile_server.url)
            assert "larger than 4194304 bytes when decompressed" in str(result.error)
        assert tracemalloc.get_traced_memory()[0] < 10 << 20
    finally:
        tracemalloc.stop()
        gc.enable()
