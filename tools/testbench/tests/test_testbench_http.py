"""nginx and the hostile server do what they are told."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests

from orbital_testbench import (
    Answer,
    CloseAfterHeaders,
    CutAnswer,
    CutConnection,
    Drip,
    DripHeaders,
    Garbage,
    HostileServer,
    NoAnswer,
)


def test_nginx_serves_its_configuration_over_http_and_https(start_nginx, authority):
    """A `server` block of the test's own answers on both ports, with a certificate of the test's CA."""
    server = start_nginx("location /x { return 201 'made'; }", certificate=authority.issue())
    assert requests.get(server.url + "/x", timeout=5).text == "made"
    answer = requests.get(server.tls_url + "/x", verify=str(authority.ca_file), timeout=5)
    assert (answer.status_code, answer.text) == (201, "made")
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(server.tls_url + "/x", timeout=5)
    assert sum("/x" in line for line in server.access_log) == 2


def test_nginx_asks_for_client_certificates(start_nginx, authority):
    """Without one it refuses, with one of the CA it answers."""
    server = start_nginx(certificate=authority.issue(), client_authority=authority)
    client = authority.issue("client", client=True)
    trusted = {"verify": str(authority.ca_file), "timeout": 5}
    assert requests.get(server.tls_url, **trusted).status_code == 400
    pair = (str(client.certificate), str(client.key))
    assert requests.get(server.tls_url, cert=pair, **trusted).status_code == 200


def test_nginx_listens_on_many_addresses(start_nginx):
    """Each of `addresses` is a target of its own."""
    server = start_nginx(addresses=["127.0.2.1", "127.0.2.2"])
    for address in server.addresses:
        assert requests.get(f"http://{address}:{server.port}/", timeout=5).text == "ok\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lifetime": timedelta(days=-1)}, "expired"),
        ({"hosts": ["other.example"]}, "doesn't match|mismatch"),
    ],
)
def test_authority_makes_bad_certificates_too(authority, options, words):
    """An expired certificate and one for another host are refused by a client that trusts the CA."""
    certificate = authority.issue("bad", **options)
    with (
        HostileServer(certificate=certificate) as server,
        pytest.raises(requests.exceptions.SSLError, match=words),
    ):
        requests.get(server.url, verify=str(authority.ca_file), timeout=5)


def test_script_is_played_in_order_and_requests_are_kept(hostile_server):
    """Each request gets the next step, then the default; all are recorded with their bodies."""
    hostile_server.script(Answer(429, {"Retry-After": "7"}, b"slow down"), Answer(204))
    hostile_server.default = lambda request: Answer(200, body=request.body.upper())
    with requests.Session() as session:
        answers = [
            session.post(hostile_server.url + "/p?q=1", data=b"abc", timeout=5) for _ in range(3)
        ]
    assert [a.status_code for a in answers] == [429, 204, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert answers[2].content == b"ABC"
    assert [(r.method, r.path, r.body) for r in hostile_server.requests] == [
        ("POST", "/p?q=1", b"abc")
    ] * 3
    assert {r.connection for r in hostile_server.requests} == {1}


@pytest.mark.parametrize(
    "behaviour", [CutAnswer(), CutConnection(), Garbage(), CloseAfterHeaders()], ids=repr
)
def test_broken_answers_break_the_client(hostile_server, behaviour):
    """Each of them ends in an error of the client, at once, and the next request works."""
    hostile_server.script(behaviour)
    with pytest.raises(requests.RequestException) as error:
        requests.get(hostile_server.url, timeout=10)
    assert not isinstance(error.value, requests.Timeout)
    assert requests.get(hostile_server.url, timeout=10).ok


def test_silence_runs_into_the_clients_time_limit(hostile_server):
    """`NoAnswer` holds the connection open."""
    hostile_server.script(NoAnswer())
    with pytest.raises(requests.ReadTimeout):
        requests.get(hostile_server.url, timeout=0.3)


@pytest.mark.parametrize("behaviour", [Drip(every=0.01), DripHeaders(every=0.01)], ids=repr)
def test_drip_never_ends_and_never_pauses(hostile_server, behaviour):
    """A time limit for each read does not stop it: bytes keep coming until the server stops."""
    hostile_server.script(behaviour)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(requests.get, hostile_server.url, timeout=2)
        hostile_server.wait_for_requests(1)
        with pytest.raises(TimeoutError):
            waiting.result(0.5)
        hostile_server.__exit__()
        waiting.exception(10)


def test_answer_waits_for_its_event(hostile_server):
    """A delayed answer comes when the test says so."""
    go = threading.Event()
    hostile_server.script(Answer(200, body=b"late", after=go))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(requests.get, hostile_server.url, timeout=10)
        hostile_server.wait_for_requests(1)
        assert not waiting.done()
        go.set()
        assert waiting.result(10).content == b"late"
