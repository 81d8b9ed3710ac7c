"""Whatever a server does, a request ends in time, and says what happened and whether it may have counted."""

import re
import socket

import pytest
from pydantic import SecretStr

from orbital_http import HttpClient, HttpUnavailable, RequestFailed
from orbital_testbench import (
    Answer,
    CloseAfterHeaders,
    CutAnswer,
    CutConnection,
    Drip,
    DripHeaders,
    Garbage,
    NoAnswer,
    free_port,
)

BODY = b"a request, as far as the client is concerned"


def failure(client: HttpClient, url: str, body: bytes = BODY) -> RequestFailed:
    with pytest.raises(HttpUnavailable) as caught:
        client.post(url, body)
    return caught.value


def test_a_request_and_its_answer(hostile_server, connect):
    """Headers of the client and of the request, parameters, and what comes back."""
    hostile_server.default = Answer(201, {"X-Said": "yes"}, b"stored")
    client = connect(hostile_server.url, headers={"X-Of": "all"})
    reply = client.post(
        hostile_server.url + "/w?a=b", BODY, headers={"X-One": b"\xfc"}, params={"c": "d e"}
    )
    assert (reply.status, reply.headers["x-said"], reply.body) == (201, "yes", b"stored")
    (request,) = hostile_server.requests
    assert (request.method, request.path, request.body) == ("POST", "/w?a=b&c=d+e", BODY)
    assert (request.headers["x-of"], request.headers["x-one"]) == ("all", "\xfc")
    assert request.headers["user-agent"] == "orbital-sentinel"
    assert "authorization" not in request.headers


@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_connection_is_used_again(hostile_server, connect, status):
    """With or without a body in the answer."""
    hostile_server.default = Answer(status, body=b"fine" if status != 204 else b"")
    client = connect(hostile_server.url)
    for _ in range(3):
        client.post(hostile_server.url, BODY)
    assert hostile_server.connections == 1


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (CutAnswer(), "closed before the answer was complete"),
        (CutConnection(), "closed before the answer was complete"),
        (CloseAfterHeaders(204), None),
        (CloseAfterHeaders(200), "closed before the answer was complete"),
        (Garbage(), "closed before|no usable answer: what came is not HTTP"),
        (Garbage(b"HTTP/1.1 banana\r\n\r\n"), "no usable answer: what came is not HTTP"),
        (NoAnswer(), "no complete answer in time"),
        (Drip(every=0.02), "no complete answer in time"),
        (DripHeaders(every=0.02), "no complete answer in time"),
    ],
    ids=repr,
)
def test_servers_that_misbehave_are_unavailable(hostile_server, connect, behaviour, words):
    """Cut, garbled, missing and endless answers: the reason, and bounded in time as a whole."""
    hostile_server.script(behaviour)
    if words is None:
        connect(hostile_server.url).post(hostile_server.url, BODY)
    else:
        error = failure(connect(hostile_server.url, timeout=0.5), hostile_server.url)
        assert str(error).startswith(f"{hostile_server.url}: ")
        assert re.search(words, str(error))
    connect(hostile_server.url).post(hostile_server.url, BODY)


@pytest.mark.parametrize("behaviour", [Drip(every=0.05), DripHeaders(every=0.05)])
def test_a_limit_of_its_own_holds_for_one_request(hostile_server, connect, behaviour):
    """A short one ends an answer that drips; the next request has all the time of the client again."""
    hostile_server.script(behaviour)
    client, url = connect(hostile_server.url), hostile_server.url
    with (
        pytest.raises(HttpUnavailable, match="in time"),
        client.exchange("GET", url, timeout=0.3) as answer,
    ):
        answer.read(1 << 20)
    for _ in range(2):
        with client.exchange("GET", url) as answer:
            assert answer.read(1 << 20) == (b"", "")


def test_the_same_client_goes_on_after_a_cut(hostile_server, connect):
    """A connection that broke is replaced by a new one at the next request."""
    steps = [Answer(204), CutAnswer(), Answer(204), CloseAfterHeaders(200), Answer(204)]
    hostile_server.script(*steps)
    client = connect(hostile_server.url)
    for step in steps:
        if isinstance(step, Answer):
            client.post(hostile_server.url, BODY)
        else:
            failure(client, hostile_server.url)
    assert hostile_server.connections == 3


def test_nobody_there(connect, dead_port):
    """Refused, unknown and unreachable addresses are told apart."""
    url = f"http://127.0.0.1:{free_port()}/w"
    error = failure(connect(url), url)
    assert str(error) == f"{url}: connection refused: nothing listens there"
    url = "http://no-such-host.invalid/w"
    assert "name is not known" in str(failure(connect(url), url))
    url = f"http://127.0.0.1:{dead_port}/w"
    error = failure(connect(url, connect_timeout=0.3), url)
    assert "no connection in time" in str(error)


def test_nothing_was_sent_where_no_connection_was_made(hostile_server, connect, dead_port):
    """`sent` is False where no byte of the request left: refused, unknown, silent, proxy gone, no TLS."""
    gone = f"http://127.0.0.1:{free_port()}"
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes connections and never shakes hands
        port = mute.getsockname()[1]
        silent = {"proxy_url": SecretStr(f"http://127.0.0.1:{port}"), "timeout": 0.3}
        for url, settings, words in [
            (gone, {}, "connection refused"),
            ("http://no-such-host.invalid/w", {}, "name is not known"),
            (f"http://127.0.0.1:{dead_port}/w", {"connect_timeout": 0.3}, "no connection in time"),
            (hostile_server.url, {"proxy_url": SecretStr(gone)}, "through the proxy: connection ref"),
            (f"https://127.0.0.1:{port}/w", {"connect_timeout": 0.3}, "no TLS connection in time (if"),
            ("https://far.invalid/w", silent, "no TLS connection in time"),
        ]:  # fmt: skip
            error = failure(connect(url, **settings), url)
            assert not error.sent
            assert words in str(error)


def test_what_went_out_may_have_counted(hostile_server, connect):
    """Cut, silent or garbled: the request was out. Also on a connection that was used before."""
    hostile_server.script(CutAnswer(), NoAnswer(), Garbage(), Answer(204), CutAnswer())
    client, url = connect(hostile_server.url, timeout=0.5), hostile_server.url
    assert all(failure(client, url).sent for _ in range(3))
    client.post(url, BODY)
    assert failure(client, url).sent


def test_a_request_cut_behind_a_proxy_may_have_counted(hostile_server, connect):
    """urllib3 calls that a proxy's error as well; but the request was out."""
    hostile_server.script(CloseAfterHeaders(200), CutAnswer())
    url = "http://metrics.invalid/w"
    client = connect(url, proxy_url=SecretStr(hostile_server.url))
    for _ in range(2):
        assert failure(client, url).sent
    assert len(hostile_server.requests) == 2


def test_slow_readers_are_bounded_too(connect):
    """A server that takes the connection and never reads a large request holds nobody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        error = failure(connect(url, timeout=0.5), url, bytes(range(256)) * 400_000)
    assert "in time" in str(error)
    assert error.sent
