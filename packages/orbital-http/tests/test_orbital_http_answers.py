"""What is read of an answer, within bounds, and what it says."""

import gzip
import tracemalloc

import pytest

from orbital_http import Reply, one_line
from orbital_testbench import Answer

LIMIT = 64 << 10


def test_compressed_answers_are_read(hostile_server, connect):
    """Words that come compressed are still words."""
    body = gzip.compress(b"out of order sample")
    hostile_server.default = Answer(400, {"Content-Encoding": "gzip"}, body)
    reply = connect(hostile_server.url).post(hostile_server.url, b"")
    assert (reply.status, reply.text) == (400, "out of order sample")


def test_a_bomb_takes_no_memory(hostile_server, connect):
    """100 MB that came as 60 KB: the answer is named, and some kilobytes are held."""
    bomb = gzip.compress(bytes(100 << 20), 1)[: 60 << 10]
    hostile_server.default = Answer(503, {"Content-Encoding": "gzip"}, bomb)
    client = connect(hostile_server.url)
    tracemalloc.start()
    reply = client.post(hostile_server.url, b"", limit=LIMIT)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reply.text == (
        "an answer that cannot be read: the body is larger than 65536 bytes when decompressed"
    )
    assert peak < 4 << 20


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
def test_an_answer_in_another_coding_is_named(hostile_server, connect, coding):
    """None was asked for: whatever stands in between made it, and the status counts all the same."""
    hostile_server.default = Answer(500, {"Content-Encoding": coding}, b"?")
    reply = connect(hostile_server.url).post(hostile_server.url, b"")
    assert reply.status == 500
    assert reply.text.startswith("an answer that cannot be read: ")


def test_more_than_the_limit_is_not_read(hostile_server, connect):
    """It is cut there, or a problem for whoever wants all of it; the next request works."""
    hostile_server.default = Answer(200, body=b"x" * (1 << 20))
    client = connect(hostile_server.url)
    assert client.post(hostile_server.url, b"", limit=LIMIT).body == b"x" * LIMIT
    with client.exchange("GET", hostile_server.url) as answer:
        assert answer.read(LIMIT) == (b"x" * LIMIT, "the body is larger than 65536 bytes")
    with client.exchange("GET", hostile_server.url) as answer:
        assert len(answer.read(2 << 20).data) == 1 << 20
    assert hostile_server.connections == 3


@pytest.mark.parametrize(
    ("status", "success", "temporary"),
    [(200, True, False), (204, True, False), (302, False, False), (400, False, False),
     (408, False, True), (425, False, True), (429, False, True), (500, False, True),
     (507, False, True)],
)  # fmt: skip
def test_what_a_status_means(status, success, temporary):
    """Stored, try later, or neither."""
    reply = Reply(status)
    assert (reply.is_success, reply.is_temporary) == (success, temporary)


def test_how_long_a_server_wants_to_be_left_alone():
    """`Retry-After`, where it says so in a way that can be read."""
    assert Reply(503, {"Retry-After": "7"}).retry_after == 7
    assert Reply(503, {"Retry-After": "soon"}).retry_after is None
    assert Reply(503).retry_after is None


def test_a_page_is_one_short_line():
    """Tags, control characters and what is beyond 300 characters go."""
    page = "<!DOCTYPE html><html><title>Not  here</title>\r\n\x1b[31m\x00" + "x" * 1000
    line = one_line(page)
    assert line.startswith("Not here [31m ")
    assert line.endswith("x…")
    assert (len(line), line.isprintable()) == (301, True)


def test_a_page_of_nothing_but_brackets_costs_no_more_than_others():
    """A hostile page must not hold the interpreter: no more than linear work."""
    assert one_line("<html>" + "<" * 10_000_000).startswith("<<<")
