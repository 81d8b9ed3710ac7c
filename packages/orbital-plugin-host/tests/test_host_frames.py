"""Frames on a socket: what comes in any pieces is the same messages; a stranger gets nothing."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_plugin_host.frames import Frames
from orbital_plugin_host.handshake import (
    Address,
    NoHandshake,
    line,
    new_cookie,
    parsed,
    proof,
)

PROOF = proof("cookie", "program")


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self):
        super().__init__()
        self.writes, self.closed = [], False

    def write(self, data):
        self.writes.append(data)

    def close(self):
        self.closed = True


class End:
    """One end, and what it was told."""

    def __init__(self):
        self.took, self.lost, self.opened = [], [], 0
        self.transport = Transport()
        self.frames = Frames(PROOF, self._open, self.took.append, self.lost.append)
        self.frames.connection_made(self.transport)

    def _open(self):
        self.opened += 1


def pieces(data, cuts):
    places = sorted({min(cut, len(data)) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@given(st.lists(st.binary(max_size=40), max_size=6), st.lists(st.integers(0, 300), max_size=12))
def test_messages_come_whole_however_they_are_cut(bodies, cuts):
    """A proof and some bodies, in any pieces."""
    end = End()
    sent = PROOF + b"".join(len(body).to_bytes(4, "little") + body for body in bodies)
    for piece in pieces(sent, cuts):
        end.frames.data_received(piece)
    assert (end.opened, end.took, end.lost) == (1, bodies, [])


@given(st.binary(min_size=32, max_size=200).filter(lambda data: data[:32] != PROOF))
def test_who_does_not_know_the_cookie_gets_nothing(data):
    """The connection is closed, and nothing of what came is looked at."""
    end = End()
    end.frames.data_received(data)
    assert (end.opened, end.took) == (0, [])
    assert end.transport.closed
    assert end.lost == ["does not follow the contract: it does not know the cookie"]


def test_a_message_that_is_too_long_ends_the_connection():
    """Before anything of it is kept."""
    end = End()
    end.frames.data_received(PROOF + (2**31).to_bytes(4, "little"))
    assert end.transport.closed
    assert "may cross" in end.lost[0]


async def test_what_is_sent_in_one_turn_is_one_write():
    """A wake-up costs more than a message."""
    end = End()
    for data in (b"one", b"two", b"three"):
        end.frames.write(data)
    await asyncio.sleep(0)
    assert end.transport.writes == [b"onetwothree"]


async def test_a_closed_connection_tells_nobody_and_sends_what_waits():
    """It is closed on purpose."""
    end = End()
    end.frames.write(b"last")
    end.frames.close()
    end.frames.close()
    end.frames.connection_lost(None)
    end.frames.write(b"late")
    assert (end.transport.writes, end.transport.closed, end.lost) == ([b"last"], True, [])


def test_the_line_of_a_program():
    """Socket and wire, of this protocol."""
    address = Address("/tmp/x/s", "grpc")
    assert parsed(line(address) + "\n") == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "2|1|unix|/tmp/x|grpc",
        "1|2|unix|/tmp/x|frames",
        "1|1|tcp|:1234|grpc",
    ],
)
def test_another_line_is_refused(text):
    """With what it said."""
    with pytest.raises(NoHandshake):
        parsed(text)


def test_a_cookie_is_used_once_and_the_ends_prove_different_things():
    """What one end sends cannot be sent back."""
    cookie = new_cookie()
    assert cookie != new_cookie()
    assert proof(cookie, "agent") != proof(cookie, "program")
