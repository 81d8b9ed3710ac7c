"""Every answer, silence and lie of a server becomes the one error that the sender can act upon."""

import gzip
import re
import socket
import tracemalloc
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import snappy

from orbital_remote_write import Client, RemoteWriteConfig
from orbital_sdk import NotWritten, Refusal, WriterMisconfigured, WriterUnavailable, Written
from orbital_sdk.waiting import retry_after
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


@pytest.fixture
def connect():
    """Makes clients; closes them."""
    clients = []

    def connect(url: str, **settings) -> Client:
        clients.append(Client(RemoteWriteConfig.model_validate({"url": url, **settings})))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def failure(client: Client, kind: type[Exception]) -> Exception:
    with pytest.raises(kind) as caught:
        client.post(BODY)
    assert caught.type is kind
    return caught.value


def test_request_is_remote_write_1_0(hostile_server, connect):
    """Snappy block format, and the three headers that the specification wants."""
    hostile_server.default = Answer(204)
    sent = connect(hostile_server.url + "/api/v1/write?extra_label=a=b").post(BODY)
    request = hostile_server.requests[0]
    assert (request.method, request.path) == ("POST", "/api/v1/write?extra_label=a=b")
    assert snappy.uncompress(request.body) == BODY
    assert sent == Written(len(request.body))
    assert request.headers["content-type"] == "application/x-protobuf"
    assert request.headers["content-encoding"] == "snappy"
    assert request.headers["x-prometheus-remote-write-version"] == "0.1.0"
    assert "authorization" not in request.headers


@pytest.mark.parametrize("status", [200, 202, 204])
def test_success_is_success(hostile_server, connect, status):
    """Every 2xx stores everything, and the connection is used again, with or without a body."""
    hostile_server.default = Answer(status, body=b"fine" if status != 204 else b"")
    client = connect(hostile_server.url)
    for _ in range(3):
        client.post(BODY)
    assert hostile_server.connections == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 507])
def test_busy_and_broken_servers_are_unavailable(hostile_server, connect, status):
    """429 and 5xx: everything is kept, and the message says which server said what."""
    hostile_server.default = Answer(status, body=b"try\r\n  later")
    error = failure(connect(hostile_server.url + "/w"), WriterUnavailable)
    assert str(error) == f"{hostile_server.url}/w answered {status}: try later"
    assert error.retry_after is None


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_and_as_a_date(hostile_server, connect, status):
    """Both forms of Retry-After reach the sender; nonsense is no wish."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    wishes = ["7", date, "soon", "", "Fri, 27 Nov 2026 99999999999:00:00 GMT"]
    hostile_server.script(*(Answer(status, {"Retry-After": wish}) for wish in wishes))
    client = connect(hostile_server.url)
    seconds, by_date, *none = [failure(client, WriterUnavailable).retry_after for _ in wishes]
    assert seconds == 7
    assert 90 < by_date <= 100
    assert none == [None, None, None]


def test_retry_after_in_the_past_is_now():
    """A date that is over asks for no wait, and one without a zone is UTC."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert retry_after("Wed, 31 Dec 2025 23:59:00 GMT", now) == 0
    assert retry_after("Thu, 01 Jan 2026 00:01:00", now) == 60
    assert retry_after("-5", now) is None
    assert retry_after("1.5", now) is None


def test_too_large_requests_are_halved(hostile_server, connect):
    """413, and a 400 that speaks of the size of the request."""
    words = b"too big packed request; mustn't exceed -maxInsertRequestSize=33554432 bytes"
    hostile_server.script(Answer(413), Answer(400, body=words))
    client = connect(hostile_server.url)
    assert [client.post(BODY).refusal for _ in range(2)] == [Refusal.TOO_LARGE] * 2


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (Answer(401, body=b"no"), "basic_auth"),
        (Answer(403), "may not write"),
        (Answer(404, body=b"404 page not found"), "--web.enable-remote-write-receiver"),
        (Answer(405), "takes no POST"),
        (Answer(407), "proxy_url"),
        (Answer(410), "url"),
        (Answer(415), "snappy"),
        (Answer(421), "tls.server_name"),
        (Answer(431), "headers"),
        (Answer(301, {"Location": "https://u:p@other/write?hidden=x"}), "points to other/write"),
        (Answer(302), "redirects are not followed"),
        (Answer(308, {"Location": "/elsewhere"}), "/elsewhere"),
        (
            Answer(400, body=b"<html><body>The plain HTTP request was sent to HTTPS port"),
            "https://",
        ),
        (Answer(400, body=b"Client sent an HTTP request to an HTTPS server."), "https://"),
        (Answer(400, body=b"<title>No required SSL certificate was sent"), "tls.cert_file"),
        (Answer(400, body=b'unsupported path requested: "/api/v1/wirte"'), "look at url"),
        (Answer(400, body=b'{"status":"error","errorType":"bad_data"}'), "answers queries"),
        (Answer(401, body=b"no org id"), "credentials"),
        (Answer(400, body=b"no org id"), "tenant"),
    ],
    ids=lambda value: value.status if isinstance(value, Answer) else "",
)
def test_what_a_person_must_change_pauses_the_output(hostile_server, connect, answer, advice):
    """Everything is kept, nothing is dead-lettered, and the message says what to change."""
    hostile_server.default = answer
    error = failure(connect(hostile_server.url), WriterMisconfigured)
    assert advice in str(error)
    assert "hidden" not in str(error)
    assert "u:p" not in str(error)
    assert len(hostile_server.requests) == 1


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (400, "out of order sample", Refusal.THERE),
        (
            400,
            "duplicate sample for timestamp 1700000000000; overrides not allowed: existing 1",
            Refusal.THERE,
        ),
        (400, "too old sample", Refusal.BAD),
        (400, "out of bounds", Refusal.BAD),
        (400, "invalid metric name", Refusal.BAD),
        (400, 'label name "a" is not unique: invalid sample', Refusal.BAD),
        (400, "send data: err-mimir-label-invalid: bad", Refusal.BAD),
        (400, "err-mimir-max-series-per-user: too many", Refusal.DOUBTFUL),
        (400, "Bad Request", Refusal.DOUBTFUL),
        (409, "conflict", Refusal.DOUBTFUL),
        (422, "unprocessable", Refusal.DOUBTFUL),
        (418, "I'm a teapot", Refusal.DOUBTFUL),
    ],
)
def test_refused_data_is_refused_in_the_servers_words(hostile_server, connect, status, words, kind):
    """What the destination has already is told apart, and what only a time series database says is not
    mistaken for a proxy's refusal.
    """
    hostile_server.default = Answer(status, body=words.encode() + b"\n")
    assert connect(hostile_server.url).post(BODY) == NotWritten(words, kind)


def test_silent_refusals_still_say_something(hostile_server, connect):
    """A 400 without a body names the server and the status."""
    hostile_server.default = Answer(400)
    refusal = NotWritten(f"{hostile_server.url} answered 400", Refusal.DOUBTFUL)
    assert connect(hostile_server.url).post(BODY) == refusal


def test_words_are_bounded_and_printable(hostile_server, connect):
    """A megabyte of error page becomes one short line, and the next request works."""
    hostile_server.script(Answer(500, body=b"\x1b[31m\x00 " + b"x" * (1 << 20)), Answer(204))
    client = connect(hostile_server.url)
    message = str(failure(client, WriterUnavailable))
    assert len(message) < 400
    assert message.isprintable()
    client.post(BODY)


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (CutAnswer(), "closed before the answer was complete"),
        (CutConnection(), "closed before the answer was complete"),
        (CloseAfterHeaders(204), None),
        (CloseAfterHeaders(200), "closed before the answer was complete"),
        (Garbage(), "closed before|no usable answer"),
        (Garbage(b"HTTP/1.1 banana\r\n\r\n"), "no usable answer"),
        (NoAnswer(), "no complete answer in time"),
        (Drip(every=0.02), "no complete answer in time"),
        (DripHeaders(every=0.02), "no complete answer in time"),
    ],
    ids=repr,
)
def test_servers_that_misbehave_are_unavailable(hostile_server, connect, behaviour, words):
    """Cut, garbled, missing and endless answers: kept, with the reason, and bounded in time as a whole."""
    hostile_server.script(behaviour)
    if words is None:
        connect(hostile_server.url).post(BODY)
    else:
        error = failure(connect(hostile_server.url, timeout=0.5), WriterUnavailable)
        assert str(error).startswith(f"{hostile_server.url}: ")
        assert re.search(words, str(error))
    connect(hostile_server.url).post(BODY)


def test_the_same_client_goes_on_after_a_cut(hostile_server, connect):
    """A connection that broke is replaced by a new one at the next request."""
    hostile_server.script(
        Answer(204), CutAnswer(), Answer(204), CloseAfterHeaders(200), Answer(204)
    )
    client = connect(hostile_server.url)
    for fails in (False, True, False, True, False):
        if fails:
            failure(client, WriterUnavailable)
        else:
            client.post(BODY)
    assert hostile_server.connections == 3


def test_nobody_there(connect, dead_port):
    """Refused, unknown and unreachable addresses are told apart."""
    url = f"http://127.0.0.1:{free_port()}/w"
    error = failure(connect(url), WriterUnavailable)
    assert str(error) == f"{url}: connection refused: nothing listens there"
    error = failure(connect("http://no-such-host.invalid/w"), WriterUnavailable)
    assert "name is not known" in str(error)
    error = failure(
        connect(f"http://127.0.0.1:{dead_port}/w", connect_timeout=0.3), WriterUnavailable
    )
    assert "no connection in time" in str(error)


def test_nothing_is_stored_where_no_connection_was_made(hostile_server, connect, dead_port):
    """`sent` is False where no byte of the request left: refused, unknown, silent, proxy gone, no TLS."""
    gone = f"http://127.0.0.1:{free_port()}"
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes connections and never shakes hands
        clients = [
            connect(gone),
            connect("http://no-such-host.invalid/w"),
            connect(f"http://127.0.0.1:{dead_port}/w", connect_timeout=0.3),
            connect(hostile_server.url, proxy_url=gone),
            connect(f"https://127.0.0.1:{mute.getsockname()[1]}/w", connect_timeout=0.3),
        ]
        assert [failure(client, WriterUnavailable).sent for client in clients] == [False] * 5


def test_what_went_out_may_be_stored(hostile_server, connect):
    """Cut, silent, garbled or 5xx: the request was out. Also on a connection that was used before."""
    hostile_server.script(CutAnswer(), NoAnswer(), Garbage(), Answer(500), Answer(204), CutAnswer())
    client = connect(hostile_server.url, timeout=0.5)
    assert all(failure(client, WriterUnavailable).sent for _ in range(4))
    client.post(BODY)
    assert failure(client, WriterUnavailable).sent


def test_a_request_cut_behind_a_proxy_may_be_stored(hostile_server, connect):
    """urllib3 calls that a proxy's error as well; but the request was out."""
    hostile_server.script(CloseAfterHeaders(200), CutAnswer())
    client = connect("http://metrics.invalid/w", proxy_url=hostile_server.url)
    for _ in range(2):
        assert failure(client, WriterUnavailable).sent
    assert len(hostile_server.requests) == 2


def test_slow_readers_are_bounded_too(connect):
    """A server that takes the connection and never reads a large request does not hold the writer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client = connect(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.5)
        with pytest.raises(WriterUnavailable, match="in time"):
            client.post(bytes(range(256)) * 400_000)


def test_messages_never_hold_the_query(connect):
    """A URL's query may hold a token; no error shows it, neither in text nor in its address."""
    url = f"http://127.0.0.1:{free_port()}/w?token=geheim-geheim"
    client = connect(url)
    assert "geheim" not in str(failure(client, WriterUnavailable))
    assert "geheim" not in client.address


def test_compressed_error_pages_are_read(hostile_server, connect):
    """Words that come compressed are still words."""
    body = gzip.compress(b"out of order sample")
    hostile_server.default = Answer(400, {"Content-Encoding": "gzip"}, body)
    refusal = NotWritten("out of order sample", Refusal.THERE)
    assert connect(hostile_server.url).post(BODY) == refusal


def test_a_bomb_takes_no_memory(hostile_server, connect):
    """100 MB that came as 100 KB with an error: the answer is named, and some kilobytes are held."""
    bomb = gzip.compress(bytes(100 << 20), 1)[: 60 << 10]
    hostile_server.default = Answer(503, {"Content-Encoding": "gzip"}, bomb)
    client = connect(hostile_server.url)
    tracemalloc.start()
    error = failure(client, WriterUnavailable)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (
        "answered 503: an answer that cannot be read: the body is larger than 65536 bytes"
        in str(error)
    )
    assert peak < 4 << 20


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
def test_an_answer_in_another_coding_is_named(hostile_server, connect, coding):
    """None was asked for: whatever stands in between made it, and the status counts all the same."""
    hostile_server.script(
        Answer(500, {"Content-Encoding": coding}, b"?"), Answer(200, {"Content-Encoding": coding})
    )
    error = failure(connect(hostile_server.url), WriterUnavailable)
    assert "answered 500: an answer that cannot be read: " in str(error)
    connect(hostile_server.url).post(BODY)
