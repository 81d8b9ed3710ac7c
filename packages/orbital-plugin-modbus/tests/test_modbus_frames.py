"""The frame readers, fed with anything: a right value or a named error, and nothing else.

`ORBITAL_FUZZ_EXAMPLES=1000000` makes a long run of it, and of the decoder's tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orbital_plugin_modbus.exceptions import ExchangeError
from orbital_plugin_modbus.library import LibraryLink
from orbital_plugin_modbus.line import Line
from orbital_plugin_modbus.mbap import MbapLink
from orbital_plugin_modbus.tables import TABLES, Read

from .conftest import rtu

EXAMPLES = int(os.environ.get("ORBITAL_FUZZ_EXAMPLES", "200"))
long = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def mbap(number: int, unit: int, function: int, registers: list[int]) -> bytes:
    body = struct.pack(f">BBB{len(registers)}H", unit, function, len(registers) * 2, *registers)
    return struct.pack(">HHH", number, 0, len(body)) + body


@st.composite
def streams(draw):
    """What a gateway might send for request 1 to unit 7 for 3 holding registers, cut into pieces."""
    values = draw(st.lists(st.integers(0, 0xFFFF), min_size=3, max_size=3))
    right = mbap(1, 7, 3, values)
    wrong = st.builds(
        mbap, st.integers(0, 3), st.integers(5, 8), st.sampled_from([1, 3, 4, 0x83]),
        st.lists(st.integers(0, 0xFFFF), max_size=5),
    )  # fmt: skip
    spoiled = st.builds(
        lambda at, by: spoil(right, at, by), st.integers(0, 14), st.integers(1, 255)
    )
    parts = draw(st.lists(st.one_of(wrong, spoiled, st.binary(max_size=40)), max_size=4))
    place = draw(st.integers(-1, len(parts)))
    if place >= 0:
        parts.insert(place, right)
    stream = b"".join(parts)
    cuts = draw(st.lists(st.integers(0, len(stream)), max_size=6).map(sorted))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    return pieces, clean(parts, values)


def spoil(frame: bytes, at: int, by: int) -> bytes:
    return frame[:at] + bytes([frame[at] ^ by]) + frame[at + 1 :]


def clean(parts: list[bytes], values: list[int]) -> set[bytes]:
    """Every answer that a reader may believe: whole frames with the right head, wherever they start."""
    stream, found = b"".join(parts), set()
    head = struct.pack(">HHHBBB", 1, 0, 9, 7, 3, 6)
    for start in range(len(stream)):
        if stream[start:].startswith(head) and len(stream) >= start + 15:
            found.add(stream[start + 9 : start + 15])
    return found


@pytest.fixture(scope="module")
def runner():
    with asyncio.Runner() as runner:
        yield runner


class Pipe(asyncio.Transport):
    """A connection whose other end is the test."""

    def write(self, data: bytes) -> None: ...

    def abort(self) -> None: ...


@given(case=streams())
@long
def test_modbus_tcp_takes_the_right_answer_or_none(runner, case):
    """Whatever else comes, in whatever pieces: three registers, sent as the answer to this request."""
    pieces, believable = case

    async def exchange() -> bytes:
        link = MbapLink("", 0)
        link.connection_made(Pipe())
        reading = asyncio.ensure_future(link.read(7, Read(TABLES["holding"], 0, 3), 60))
        await asyncio.sleep(0)
        for piece in pieces:
            link.data_received(piece)
        link.connection_lost(None)
        return await reading

    try:
        outcome: object = runner.run(exchange())
    except ExchangeError as error:
        outcome = error.reason
    assert outcome in believable | {
        "connection", "garbled", "wrong_unit", "wrong_function", "wrong_length", "exception",
    }  # fmt: skip


@st.composite
def rtu_replies(draw):
    values = draw(st.lists(st.integers(0, 0xFFFF), min_size=3, max_size=3))
    right = rtu(struct.pack(">BBB3H", 7, 3, 6, *values))
    other = rtu(bytes(draw(st.lists(st.integers(0, 255), min_size=2, max_size=12))))
    frame = draw(st.sampled_from([right, other, right[:-1], right + other]))
    if draw(st.booleans()):
        frame = spoil(frame, draw(st.integers(0, len(frame) - 1)), draw(st.integers(1, 255)))
    return (
        draw(st.one_of(st.just(frame), st.binary(max_size=300))),
        struct.pack(">3H", *values),
        right,
    )


@given(reply=rtu_replies())
@settings(long, max_examples=max(20, EXAMPLES // 10))
def test_rtu_takes_the_right_answer_or_none(runner, reply):
    """The same for checksummed frames, through pymodbus; and nothing is raised inside the event loop."""
    sent, data, right = reply
    raised: list[object] = []
    served = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(sent)
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        served.set()

    async def exchange() -> bytes:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(context))
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        link = LibraryLink(Line("rtu_over_tcp", host="127.0.0.1", port=port))
        try:
            await link.open(5)
            return await link.read(7, Read(TABLES["holding"], 0, 3), 5 if sent == right else 0.02)
        finally:
            link.close()
            await served.wait()
            server.close()
            await server.wait_closed()

    try:
        got = runner.run(exchange())
        assert right in sent
        assert got == data
    except ExchangeError:
        assert sent != right
    assert not raised
