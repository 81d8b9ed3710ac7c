"""Every answer, silence and lie of a server becomes the one error that the sender can act upon."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import snappy

from orbital_remote_write import Client
from orbital_sdk import NotWritten, Refusal, WriterMisconfigured, WriterUnavailable, Written
from orbital_sdk.waiting import retry_after
from orbital_testbench import Answer, CutAnswer, Drip, HostileServer, free_port

BODY = b"a request, as far as the client is concerned"


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


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
def test_an_answer_in_another_coding_is_named(hostile_server, connect, coding):
    """None was asked for: whatever stands in between made it, and the status counts all the same."""
    hostile_server.script(
        Answer(500, {"Content-Encoding": coding}, b"?"), Answer(200, {"Content-Encoding": coding})
    )
    error = failure(connect(hostile_server.url), WriterUnavailable)
    assert "answered 500: an answer that cannot be read: " in str(error)
    connect(hostile_server.url).post(BODY)


def test_no_answer_is_unavailable(hostile_server, connect):
    """In the words of orbital-http; `sent` says whether the request may have been stored all the same."""
    hostile_server.script(CutAnswer())
    cut = failure(connect(hostile_server.url + "/w"), WriterUnavailable)
    closed = "the connection was closed before the answer was complete"
    assert (str(cut), cut.sent) == (f"{hostile_server.url}/w: {closed}", True)
    url = f"http://127.0.0.1:{free_port()}/w"
    gone = failure(connect(url + "?token=geheim-geheim"), WriterUnavailable)
    refused = "connection refused: nothing listens there"
    assert (str(gone), gone.sent) == (f"{url}: {refused}", False)


def test_the_time_limit_is_that_of_the_settings(hostile_server, connect, dead_port):
    """For the whole answer, and for connecting."""
    hostile_server.default = Drip(every=0.02)
    late = failure(connect(hostile_server.url, timeout=0.3), WriterUnavailable)
    assert "no complete answer in time" in str(late)
    url = f"http://127.0.0.1:{dead_port}/w"
    dead = failure(connect(url, connect_timeout=0.3), WriterUnavailable)
    assert "no connection in time" in str(dead)


def test_what_stands_in_the_way_of_tls_is_misconfigured(connect, authority):
    """Everything is kept, and a person is told what to change."""
    with HostileServer(certificate=authority.issue()) as server:
        error = failure(connect(server.url), WriterMisconfigured)
        assert "set tls.ca_file to the authority that signed it" in str(error)
        connect(server.url, tls={"ca_file": authority.ca_file}).post(BODY)
