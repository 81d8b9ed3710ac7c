"""Calls to Core over real connections: what goes out, and what comes of a server that misbehaves."""

from __future__ import annotations

import gzip
import json
import tracemalloc

import pytest
from pydantic import SecretStr

from orbital_gravital.calls.client import VALUES, CoreClient
from orbital_gravital.credentials import Credentials
from orbital_gravital.errors import (
    CoreError,
    CoreMisconfigured,
    CoreUnavailable,
    IdentityLost,
)
from orbital_gravital.identity.registration import Applicant, register
from orbital_gravital.sections import CoreSection
from orbital_testbench import (
    Answer,
    CloseAfterHeaders,
    CutAnswer,
    CutConnection,
    Drip,
    DripHeaders,
    HostileServer,
    NoAnswer,
    free_port,
)

TOKEN = "sentinel_0123456789abcdef"
WHO = Credentials("sentinel-a", SecretStr(TOKEN))
OK = Answer(200, body=b'{"code":0,"data":{"a":1}}')


def client(url: str, **section) -> CoreClient:
    return CoreClient(url, CoreSection(url=url, **{"timeout": 1} | section))


def test_a_call_carries_who_we_are_under_every_name(hostile_server):
    """The headers that the server reads, and the one of the original design; a slash too much is no harm."""
    hostile_server.default = OK
    assert client(hostile_server.url + "/").call("GET", "/x", credentials=WHO) == {"a": 1}
    (request,) = hostile_server.requests
    assert request.path == "/api/v1/x"
    assert request.headers["x-sentinel-id"] == "sentinel-a"
    assert request.headers["x-api-token"] == TOKEN
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


def test_a_large_body_is_packed_where_the_server_reads_that(hostile_server):
    """gzip, under exactly that name; all others go out as they are."""
    hostile_server.default = OK
    body = json.dumps(["x"] * 1000).encode()
    size, _ = client(hostile_server.url).send("POST", "/x", body, packed=True)
    client(hostile_server.url).send("POST", "/x", body)
    packed, plain = hostile_server.requests
    assert packed.headers["content-encoding"] == "gzip"
    assert (gzip.decompress(packed.body), size) == (body, len(packed.body))
    assert plain.body == body
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize(
    "behaviour",
    [
        NoAnswer(),
        Drip(every=0.02),
        DripHeaders(every=0.001),
        CloseAfterHeaders(),
        Answer(200, body=b'{"code":0'),
        Answer(200, body=b""),
        Answer(302, {"Location": "http://elsewhere.example/?token=secret"}),
        Answer(500, body=b"\xff\xfe" * 1000),
    ],
)
def test_whatever_a_server_does_is_one_of_our_errors_without_our_secrets(hostile_server, behaviour):
    """It names the address, and never the token; and it comes, also where bytes drip without an end."""
    hostile_server.default = behaviour
    with pytest.raises(CoreError) as caught:
        client(hostile_server.url, timeout=0.3).call("GET", "/x", credentials=WHO)
    assert TOKEN not in str(caught.value)
    assert hostile_server.url in str(caught.value)


@pytest.mark.parametrize("behaviour", [Drip(every=0.05), DripHeaders(every=0.05)])
def test_an_answer_that_drips_is_late(hostile_server, behaviour):
    """Each byte in time does not make the whole of it so; the next call has all of its time again."""
    hostile_server.default = behaviour
    core = client(hostile_server.url, timeout=0.3)
    with pytest.raises(CoreUnavailable, match="no complete answer in time"):
        core.call("GET", "/x")
    hostile_server.default = OK
    for _ in range(2):
        assert core.call("GET", "/x") == {"a": 1}


def test_nobody_there_means_that_nothing_was_sent():
    """So a retry cannot double anything."""
    with pytest.raises(CoreUnavailable) as caught:
        client(f"http://127.0.0.1:{free_port()}").call("POST", "/x", {})
    assert caught.value.sent is False
    with pytest.raises(CoreUnavailable):
        client("http://no-such-host.invalid", allow_insecure_http=True).call("POST", "/x", {})


@pytest.mark.parametrize("how", [CutConnection(), CutAnswer()])
def test_a_connection_that_is_cut_says_so_in_plain_words(hostile_server, how):
    """And not in those of the libraries in between, which differ by the moment."""
    hostile_server.default = how
    with pytest.raises(CoreUnavailable) as caught:
        client(hostile_server.url).call("GET", "/x")
    said = "the connection was closed before the answer was complete"
    assert str(caught.value) == f"{hostile_server.url}: {said}"


def test_what_core_has_no_room_for_is_cut_and_said(hostile_server, caplog):
    """Once Core took it, and not at each attempt."""
    wide = Applicant("n" * 256, "1.0.0", region="r" * 65)
    hostile_server.default = Answer(503)
    with pytest.raises(CoreUnavailable):
        register(client(hostile_server.url), wide)
    assert caplog.text == ""
    hostile_server.default = Answer(
        200, body=b'{"code":0,"data":{"sentinel_id":"s","api_token":"t"}}'
    )
    register(client(hostile_server.url), wide)
    body = json.loads(hostile_server.requests[-1].body)
    assert (body["name"], body["region"]) == ("n" * 255, "r" * 64)
    assert [r.args[0] for r in caplog.records] == ["name", "region"]


def test_a_host_name_that_is_too_long_is_shortened_and_the_same_each_time(
    hostile_server, monkeypatch
):
    """Core makes a 64-character id of it; two long names stay two."""
    credentials = b'{"code":0,"data":{"sentinel_id":"s","api_token":"t"}}'
    hostile_server.default = Answer(200, body=credentials)
    names = []
    for host in ("pod-" * 20 + "a", "pod-" * 20 + "b", "pod-" * 20 + "a", "short"):
        monkeypatch.setattr("socket.gethostname", lambda host=host: host)
        register(client(hostile_server.url), Applicant("edge", "1.0.0"))
        names.append(json.loads(hostile_server.requests[-1].body)["hostname"])
    assert names[0] == names[2] != names[1]
    assert all(len(name) <= 35 for name in names)
    assert names[3] == "short"


def test_a_registration_without_credentials_in_it_is_none(hostile_server):
    """A server that says ok and gives nothing."""
    hostile_server.default = Answer(200, body=b'{"code":0,"message":"success"}')
    with pytest.raises(CoreUnavailable, match="without credentials"):
        register(client(hostile_server.url), Applicant("edge", "1.0.0"))


@pytest.mark.parametrize("token", ["a\nb", "\u20ac"])
def test_a_token_that_no_header_can_carry_is_none(hostile_server, token):
    """It would fail each call, and be told in each reason."""
    data = {"sentinel_id": "sentinel-a", "api_token": token}
    hostile_server.default = Answer(200, body=json.dumps({"code": 0, "data": data}).encode())
    with pytest.raises(CoreUnavailable, match="without credentials"):
        register(client(hostile_server.url), Applicant("edge-1", "1.0.0"))


@pytest.mark.parametrize("secret", ["hidden\nabc", "hidden\u20ac"])
def test_no_reason_shows_what_a_header_cannot_carry(hostile_server, secret):
    """What requests says of it has the value in it."""
    with pytest.raises(CoreMisconfigured, match="header") as caught:
        client(hostile_server.url).call(
            "GET", "/x", credentials=Credentials("a", SecretStr(secret))
        )
    assert "hidden" not in str(caught.value)


def test_secrets_out_of_files_lose_the_line_break_that_files_end_with():
    """A key or a token in the configuration; one that cannot be sent at all is refused, unseen."""
    section = CoreSection(api_token="abc\n", registration_key=" def\r\n")
    assert section.api_token.get_secret_value() == "abc"
    assert section.registration_key.get_secret_value() == "def"
    with pytest.raises(ValueError, match="one line of plain ASCII") as caught:
        CoreSection(api_token="hidden\nabc")
    assert "hidden" not in str(caught.value)


def test_a_registration_key_goes_into_header_and_body(hostile_server):
    """Both are what a Core may look at."""
    hostile_server.default = Answer(401, body=b'{"code":20001,"message":"no"}')
    with pytest.raises(IdentityLost) as caught:
        register(client(hostile_server.url), Applicant("edge", "1", key=SecretStr("the-key")))
    (request,) = hostile_server.requests
    assert request.headers["x-registration-key"] == "the-key"
    assert json.loads(request.body)["registration_key"] == "the-key"
    assert "the-key" not in str(caught.value)


def test_a_certificate_is_verified_unless_somebody_says_otherwise(authority):
    """With its authority it is accepted, without it refused."""
    with HostileServer(certificate=authority.issue()) as server:
        server.default = OK
        with pytest.raises(CoreMisconfigured, match=r"core\.ca_file"):
            client(server.url).call("GET", "/x")
        assert client(server.url, ca_file=str(authority.ca_file)).call("GET", "/x") == {"a": 1}
        assert client(server.url, insecure_skip_verify=True).call("GET", "/x") == {"a": 1}


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://core.example.com", "allow_insecure_http"),
        ("ftp://core.example.com", "https://"),
        ("core.example.com", "https://"),
        ("https://core.example.com/?a=b", "address alone"),
        ("https://[::1", "address"),
    ],
)
def test_an_address_that_cannot_work_or_is_not_safe_is_refused(url, word):
    """With what to write instead."""
    with pytest.raises(ValueError, match=word):
        CoreSection(url=url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://[::1]", "http://localhost", "https://x"]
)
def test_plain_http_is_fine_within_this_machine(url):
    """And everywhere for who says so."""
    assert CoreSection(url=url).url == url
    assert CoreSection(url="http://core.example.com", allow_insecure_http=True)


def peak(work) -> int:
    """Bytes that Python held at once meanwhile."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("status", [200, 502])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_bomb_takes_no_memory(hostile_server, method, status):
    """400 MB that came as 2 MB, of Core or what stands before it: refused by name, a few megabytes held."""
    bomb = gzip.compress(bytes(400 << 20), 1)
    hostile_server.default = Answer(status, {"Content-Encoding": "gzip"}, bomb)
    core = client(hostile_server.url, timeout=30)

    def work():
        with pytest.raises(CoreUnavailable, match=r"cannot be read: .* larg"):
            core.call(method, "/x")

    assert peak(work) < len(bomb) * 2 + (8 << 20)


@pytest.mark.parametrize("value", [b"[]", b"{}", b"1"])
def test_an_answer_of_many_small_values_is_refused_unread(hostile_server, value):
    """Six million of them and one more: as objects they would take 24 times the memory of the answer."""
    hostile_server.default = Answer(
        200, body=b'{"data":[' + (value + b",") * VALUES + value + b"]}"
    )
    with pytest.raises(CoreUnavailable, match="answers with more than 6,000,000 values"):
        client(hostile_server.url, timeout=30).call("GET", "/x")


def test_an_answer_that_is_no_list_is_short(hostile_server):
    """Two megabytes from a server that has nothing to tell are refused, compressed or not."""
    hostile_server.default = Answer(200, body=b" " * (2 << 20))
    with pytest.raises(
        CoreUnavailable, match="cannot be read: the body is larger than 1048576 bytes"
    ):
        client(hostile_server.url).call("POST", "/x")


def test_a_long_list_is_read_as_it_comes(hostile_server):
    """Compressed by a proxy, as nginx does, or not."""
    body = json.dumps({"code": 0, "data": [{"id": n, "name": "x" * 40} for n in range(100_000)]})
    packed = Answer(200, {"Content-Encoding": "gzip"}, gzip.compress(body.encode()))
    hostile_server.script(packed, Answer(200, body=body.encode()))
    core = client(hostile_server.url, timeout=30)
    assert len(core.call("GET", "/x")) == len(core.call("GET", "/x")) == 100_000
    assert {one.headers["accept-encoding"] for one in hostile_server.requests} == {"gzip"}


def test_an_encoding_that_nobody_asked_for_is_named(hostile_server):
    """It is the proxy's."""
    hostile_server.default = Answer(200, {"Content-Encoding": "br"}, b"?")
    with pytest.raises(CoreUnavailable, match="content-encoding 'br' is not known here"):
        client(hostile_server.url).call("GET", "/x")
