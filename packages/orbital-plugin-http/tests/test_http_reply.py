"""Responses, however the network cuts them into pieces."""

from __future__ import annotations

import itertools

from hypothesis import example, given
from hypothesis import strategies as st

from orbital_plugin_http.failure import ProbeFailedError
from orbital_plugin_http.reply import MAX_HEAD, Reply

RESPONSES = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nx-a: 2\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
    b"HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello",
    b"HTTP/1.1 204 Nothing\r\n\r\n",
]


def outcome(pieces: list[bytes]) -> tuple[object, ...] | str:
    reply = Reply(1000)
    try:
        for piece in [*pieces, b""]:
            reply.feed(piece)
            if reply.complete:
                break
    except ProbeFailedError as failed:
        return str(failed)
    return reply.status, reply.headers, bytes(reply.body), reply.reusable, reply.version


@given(st.sampled_from(RESPONSES), st.lists(st.integers(0, 120), max_size=8))
def test_pieces_make_no_difference(response: bytes, cuts: list[int]) -> None:
    """A response is the same whether it comes at once, in pieces or byte by byte."""
    edges = sorted({0, len(response), *[min(cut, len(response)) for cut in cuts]})
    pieces = [response[a:b] for a, b in itertools.pairwise(edges) if a < b]
    whole = outcome([response])
    assert not isinstance(whole, str)
    assert outcome(pieces) == whole
    assert outcome([bytes([byte]) for byte in response]) == whole


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=8))
@example([b"HTTP/1.1 200 OK\r\n", b"\x00: \x00\r\n\r\n"])
def test_any_bytes_are_a_response_or_a_failure(pieces: list[bytes]) -> None:
    """Nothing but the plugin's own failure is raised."""
    outcome(pieces)
    outcome([b"HTTP/1.1 200 OK\r\n", *pieces])
    outcome([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *pieces])


def test_repeated_headers_are_joined_and_names_are_small() -> None:
    """`X-A: 1` and `x-a: 2` are one list (RFC 9110, 5.3)."""
    result = outcome([RESPONSES[0]])
    assert result[1] == {b"content-length": b"5", b"x-a": b"1, 2"}


def test_only_a_whole_response_leaves_the_connection_usable() -> None:
    """Not where its end is that of the connection, where it was cut short, or where more follows."""
    reusable = {response: outcome([response])[3] for response in RESPONSES}
    assert list(reusable.values()) == [True, True, True, False, True]
    assert outcome([RESPONSES[0] + b"HTTP/1.1 200 OK\r\n"])[3] is False
    short = Reply(3)
    short.feed(RESPONSES[0])
    assert (short.complete, short.truncated, short.reusable) == (True, True, False)
    assert bytes(short.body) == b"hel"


def test_headers_may_be_as_long_as_the_limit_and_not_longer() -> None:
    """The bound counts all bytes up to the body."""
    start, end = b"HTTP/1.1 200 OK\r\nX: ", b"\r\nContent-Length: 0\r\n\r\n"
    fits = start + b"a" * (MAX_HEAD - len(start + end)) + end
    assert outcome([fits[:60_000], fits[60_000:]])[0] == 200
    assert "more than 65536 bytes" in outcome([start, b"a" * MAX_HEAD])
