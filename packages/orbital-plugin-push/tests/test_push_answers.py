"""What senders are told: the status decides what Prometheus and vmagent do next."""

import asyncio
import base64
from collections import Counter

import cramjam
import pytest

from orbital_plugin_push.unanswered import MOST
from orbital_remote_write import SNAPPY, ZSTD
from orbital_sdk import BufferRefused, EmissionTooLarge, ReceiverStopped

NOW = 1_700_000_000_000


def basic(pair: str) -> str:
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


WRITE, TEXT = "/api/v1/write", "/api/v1/import/prometheus"


async def test_samples_are_acknowledged_when_the_buffer_has_them(serving, request_of):
    """204 comes after the hand-over, never before."""
    body = SNAPPY.compress(request_of(("up", {"job": "node"}, (1.0, NOW))))
    async with serving() as address:
        address.taken.hold = asyncio.Event()
        pushed = asyncio.create_task(address.push(body))
        await address.taken.waiting.wait()
        assert not pushed.done()
        address.taken.hold.set()
        status, text, _ = await pushed
        assert (status, text) == (204, "")
        assert address.taken.told == {("up", ("job", "node"), 1.0, NOW)}


@pytest.mark.parametrize(
    ("coding", "compress"),
    [("snappy", SNAPPY.compress), ("zstd", ZSTD.compress), ("", SNAPPY.compress)],
)
async def test_snappy_and_zstd_are_read(serving, request_of, coding, compress):
    """Vmagent sends zstd to those that take it; without a word it is snappy."""
    body = compress(request_of(*[(f"m{n}", {}, (float(n), NOW)) for n in range(100)]))
    headers = {"Content-Type": "application/x-protobuf"} | (
        {"Content-Encoding": coding} if coding else {}
    )
    async with serving() as address:
        assert (await address.push(body, headers=headers))[0] == 204
        assert len(address.taken.told) == 100


async def test_vmagent_learns_that_zstd_is_taken(serving):
    """It asks before its first request."""
    async with serving() as address:
        answer = await address.push(path=f"{WRITE}?get_vm_proto_version=1", method="GET")
        assert answer[:2] == (200, "1")


async def test_a_request_without_samples_is_taken(serving):
    """Prometheus sends metadata that way, and 2.0 senders their first question."""
    async with serving() as address:
        assert (await address.push(SNAPPY.compress(b"")))[0] == 204


async def test_the_valid_series_of_a_request_are_taken_and_the_answer_tells_of_the_others(
    serving, request_of
):
    """As remote write 1.0 has it: 400, with words for the sender's log."""
    body = SNAPPY.compress(request_of(("good", {}, (1.0, NOW)), ("not good", {}, (2.0, NOW))))
    async with serving() as address:
        status, text, _ = await address.push(body)
        assert (status, text.strip()) == (
            400,
            "1 samples are taken, 1 are not: 'not good' is not a metric name; use letters, digits, _ and :",
        )
        assert address.taken.told == {("good", 1.0, NOW)}


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        (WRITE, {}, b"rubbish", 400),
        (WRITE, {}, SNAPPY.compress(b"rubbish"), 400),
        (WRITE, {"Content-Encoding": "zstd"}, b"rubbish", 400),
        (WRITE, {}, b"", 400),
        (WRITE, {"Content-Encoding": "br"}, b"rubbish", 415),
        (WRITE, {"Content-Type": "application/json"}, b"{}", 415),
        (
            WRITE,
            {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"},
            b"",
            415,
        ),
        (TEXT, {}, b"a b c d\n", 400),
        (TEXT, {}, b"\xff 1\n", 400),
        (TEXT, {}, b'm{__a__="b"} 1\n', 400),
        (TEXT, {}, b"m 1" + b" " * 20_000 + b"\n", 400),
        (TEXT, {"Content-Encoding": "gzip"}, b"rubbish", 400),
        (TEXT, {"Content-Encoding": "zstd"}, b"rubbish", 415),
        (TEXT, {"Content-Type": "application/vnd.google.protobuf"}, b"", 415),
        ("/metrics/job", {}, b"m 1\n", 404),
        ("/metrics/job/a/b", {}, b"m 1\n", 404),
        ("/metrics/job@base64/!", {}, b"m 1\n", 400),
        ("/elsewhere", {}, b"", 404),
    ],
)
async def test_what_cannot_be_taken_is_answered_once_and_for_all(
    serving, path, headers, body, status
):
    """None of these is worth another try, and the next request finds the address as it was."""
    async with serving() as address:
        got, text, _ = await address.push(body, path, headers=headers)
        assert got == status
        assert text.strip()
        assert not address.taken.samples
        assert (await address.push(b"m 1\n", TEXT))[0] == 204


async def test_only_post_and_put(serving):
    """405 names them."""
    async with serving() as address:
        status, _, headers = await address.push(method="DELETE")
        assert (status, headers["Allow"]) == (405, "POST, PUT")


@pytest.mark.parametrize(
    ("coding", "compress"),
    [
        ("snappy", SNAPPY.compress),
        ("zstd", ZSTD.compress),
        ("gzip", lambda body: bytes(cramjam.gzip.compress(body))),
    ],
)
async def test_a_bomb_is_refused_before_it_is_one(serving, coding, compress):
    """Less than a megabyte that becomes 16: 413, and nothing of that size is ever held."""
    bomb = compress(bytes(16 << 20))
    path = TEXT if coding == "gzip" else WRITE
    async with serving(max_body="1MiB") as address:
        status, text, _ = await address.push(bomb, path, headers={"Content-Encoding": coding})
        assert status == 413, text


async def test_a_zstd_bomb_that_does_not_tell_its_size(serving):
    """Likewise where the frame says nothing."""
    packer = cramjam.zstd.Compressor()
    packer.compress(bytes(64 << 20))
    async with serving(max_body="4MiB") as address:
        headers = {"Content-Encoding": "zstd"}
        assert (await address.push(bytes(packer.finish()), headers=headers))[0] == 413


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large_is_not_read(serving, chunked):
    """413, whether its length is told or not."""

    async def pieces():
        for _ in range(64):
            yield bytes(1024)

    async with serving(max_body="8KiB") as address:
        body = pieces() if chunked else bytes(64 << 10)
        assert (await address.push(body))[0] == 413


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BufferRefused("the buffer is full"), 429),
        (ReceiverStopped("it stops"), 503),
        (EmissionTooLarge("too many", limit=10), 413),
    ],
)
async def test_what_the_buffer_does_not_take_is_not_acknowledged(serving, error, status):
    """429 and 503 say when to try again."""
    async with serving() as address:
        address.taken.error = error
        got, _, headers = await address.push(b"m 1\n", TEXT)
        assert got == status
        assert status == 413 or int(headers["Retry-After"]) > 0


@pytest.mark.parametrize("busy", [429, 503])
async def test_a_buffer_that_takes_too_long_is_busy(serving, busy):
    """The sender hears of it before it gives up by itself."""
    async with serving(timeout="100ms", busy_status=busy) as address:
        address.taken.hold = asyncio.Event()
        status, _, headers = await address.push(b"m 1\n", TEXT)
        assert (status, headers["Retry-After"]) == (busy, "5")


@pytest.mark.parametrize("error", [None, BufferRefused("the buffer is full")])
async def test_what_the_buffer_took_after_all_is_not_taken_twice(serving, request_of, error):
    """The sender was told to try again, and does. Where the buffer refused it in the end, it is handed over
    once more. Text without times is new each time: what waited was given up with its request.
    """
    async with serving(timeout="100ms") as address:
        body = SNAPPY.compress(request_of(("m", {}, (1, 1700000000123))))
        address.taken.hold = asyncio.Event()
        assert (await address.push(body))[0] == 429
        assert (await address.push(b"n 1\n", TEXT))[0] == 429
        address.taken.error = error
        address.taken.hold.set()
        assert (await address.push(body))[0] == (429 if error else 204)
        address.taken.error = None
        assert (await address.push(b"n 1\n", TEXT))[0] == 204
        if error:
            assert (await address.push(body))[0] == 204
        names = Counter(sample.series.metric.name for sample in address.taken.samples)
        assert names == {"m": 1, "n": 1}


async def test_a_buffer_that_takes_nothing_for_long_gets_no_heap_of_requests(serving, request_of):
    """Senders go on to send, each time something else: only the latest still wait when it takes again."""
    async with serving(timeout="20ms") as address:
        address.taken.hold = asyncio.Event()
        for number in range(MOST + 5):
            body = SNAPPY.compress(request_of(("m", {}, (number, 1700000000123 + number))))
            assert (await address.push(body))[0] == 429
        address.taken.hold.set()
        assert (await address.push(b"n 1\n", TEXT))[0] == 204
        assert len(address.taken.samples) == MOST + 1


async def test_requests_wait_for_their_turn(serving):
    """No more bodies are in memory than `max_requests`."""
    async with serving(max_requests=1, timeout="100ms") as address:
        address.taken.hold = asyncio.Event()
        answers = await asyncio.gather(*[address.push(b"m 1\n", TEXT) for _ in range(3)])
        assert {status for status, _, _ in answers} == {429}
        address.taken.hold.set()
        assert (await address.push(b"m 1\n", TEXT))[0] == 204


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (None, 401),
        ("Basic rubbish", 401),
        ("Bearer wrong", 401),
        ("Bearer t-0-k-e-n", 204),
        ("bearer t-0-k-e-n", 204),
        (basic("site:wrong"), 401),
        (basic("site:pässword"), 204),
    ],
)
async def test_only_who_has_the_credentials_may_push(serving, given, status):
    """User and password, or the token; anything else is 401, and says how to log in."""
    fields = {
        "basic_auth": {"username": "site", "password": "pässword"},
        "bearer_token": "t-0-k-e-n",
    }
    async with serving(**fields) as address:
        headers = {"Authorization": given} if given else {}
        got, _, answered = await address.push(b"m 1\n", TEXT, headers=headers)
        assert got == status
        assert status == 204 or answered["WWW-Authenticate"].startswith("Basic ")


async def test_the_text_format_comes_with_its_times_and_labels(serving):
    """Without a time it has that of its arrival; labels in the path win, as the Pushgateway has it."""
    page = b'# TYPE a counter\na_total{x="1"} 2 1700000000123\nb 3\n'
    value = base64.urlsafe_b64encode(b"a/b").decode().rstrip("=")
    async with serving() as address:
        assert (await address.push(page, TEXT))[0] == 204
        assert address.taken.told == {("a_total", ("x", "1"), 2.0, 1700000000123), ("b", 3.0, None)}
        address.taken.samples.clear()
        path = f"/metrics/job/nightly%20one/x@base64/{value}"
        assert (await address.push(b'b{x="2"} 3\n', path, method="PUT"))[0] == 204
        assert address.taken.told == {("b", ("job", "nightly one"), ("x", "a/b"), 3.0, None)}


async def test_what_it_tells_about_itself(serving, request_of):
    """Requests by status, samples, and what cannot be taken."""
    body = SNAPPY.compress(request_of(("good", {}, (1.0, NOW)), ("not good", {}, (2.0, NOW))))
    async with serving() as address:
        await address.push(body)
        await address.push(b"m 1\n", TEXT)
        await address.push(path="/elsewhere")
        told = await address.plugin.collect(address.device, None)
    assert {(s.series.metric.name, *s.series.values): s.value for s in told} == {
        ("push_requests_total", "204"): 1,
        ("push_requests_total", "400"): 1,
        ("push_requests_total", "404"): 1,
        ("push_samples_total",): 2,
        ("push_refused_samples_total", "bad_label"): 1,
        ("push_connections_refused_total",): 0,
    }
