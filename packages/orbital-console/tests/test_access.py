"""Who may do what over HTTP, whatever clients send."""

from __future__ import annotations

import asyncio
import base64
import socket
import stat

import pytest

from orbital_runtime.telemetry.server.access import Access
from orbital_runtime.telemetry.server.token_file import token_in

RUN = "/api/v1/tasks/good/run"


async def test_a_change_needs_the_token(site):
    """Without it 401, which makes browsers ask; with it, as bearer or as a password, it is done."""
    bare = await site.ask(RUN, "POST")
    assert (bare.status, bare.headers["www-authenticate"].split()[0]) == (401, "Basic")
    wrong = await site.ask(RUN, "POST", Authorization="Bearer x")
    assert wrong.status == 401
    assert (await site.ask(RUN, "POST", Authorization=f"Bearer {site.token}")).data[
        "status"
    ] == "success"
    basic = base64.b64encode(f"anybody:{site.token}".encode()).decode()
    assert (await site.ask(RUN, "POST", Authorization=f"Basic {basic}")).status == 200
    assert (await site.ask("/api/v1/reload", "POST", Authorization=f"Bearer {site.token}")).data[
        "changes"
    ] == []


async def test_the_token_is_the_owners(site, tmp_path):
    """Its file is 0600, and it is the same at the next start."""
    (path,) = tmp_path.rglob("api-token")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(site.token) >= 32
    assert token_in(path) == site.token


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"},
    ],
)
async def test_other_sites_pages_change_nothing(site, headers):
    """Also with the token, which a browser sends by itself."""
    reply = await site.ask(RUN, "POST", Authorization=f"Bearer {site.token}", **headers)
    assert reply.status == 403
    own = {"Origin": site.url, "Sec-Fetch-Site": "same-origin"}
    reply = await site.ask(RUN, "POST", Authorization=f"Bearer {site.token}", **own)
    assert reply.status == 200


@pytest.mark.parametrize(
    ("client", "headers", "path", "code"),
    [
        ("127.0.0.1", [], "/api/v1/status", 200),
        ("::1", [], "/", 200),
        ("::ffff:127.0.0.1", [], "/", 200),
        ("192.0.2.7", [], "/", 401),
        ("192.0.2.7", [], "/metrics", 200),
        ("192.0.2.7", [], "/healthz", 200),
        ("192.0.2.7", [], "/api/v1/configuration", 401),
        ("192.0.2.7", [(b"authorization", b"Bearer secret")], "/api/v1/configuration", 200),
        ("192.0.2.7", [(b"authorization", b"Basic !!!")], "/", 401),
        ("192.0.2.7", [(b"authorization", b"Basic " + base64.b64encode(b"secret"))], "/", 401),
        ("127.0.0.1", [(b"x-forwarded-for", b"192.0.2.7")], "/", 401),
        ("127.0.0.1", [(b"forwarded", b"for=192.0.2.7")], "/metrics", 200),
    ],
)
async def test_other_addresses_need_the_token(client, headers, path, code):
    """Except for scrapers and health checks; a proxy on this machine is as far away as its client."""
    sent = []

    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200})

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "headers": headers,
        "client": (client, 1),
    }
    await Access(app, "secret")(scope, None, send)
    assert sent[0]["status"] == code


@pytest.mark.parametrize(
    "path",
    ["/console/..%2f..%2fsection.py", "/console/%2e%2e/section.py", "/../../etc/passwd", "//etc/passwd",
     "/console/..\\section.py", "/console/console.css/../../section.py", "/devices/..%2f..%2fetc%2fpasswd"],
)  # fmt: skip
async def test_paths_lead_nowhere_else(site, path):
    """No file but those of the console is served."""
    reply = await site.get(path)
    assert reply.status == 404
    assert "root:" not in reply.text
    assert "Section" not in reply.text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "[::1", "a b", "localhost.evil"]
)
async def test_hostile_hosts_are_refused(site, host):
    """A page that got our address by DNS rebinding reads nothing."""
    for path in ("/", "/api/v1/status", "/console/console.js"):
        assert (await site.get(path, Host=host)).status in (400, 421)


async def test_500_slow_connections_do_not_shut_others_out(site):
    """Clients that connect and say a part of a request only: the page comes all the same."""
    host, port = site.url.removeprefix("http://").split(":")
    slow = [await asyncio.open_connection(host, int(port)) for _ in range(500)]
    for _, writer in slow:
        writer.write(b"GET / HTTP/1.1\r\nX-Slow: ")
    reply = await site.get("/")
    assert reply.status == 200
    for _, writer in slow:
        writer.close()


async def test_an_endless_request_is_cut_off(site):
    """A gigabyte of body or headers is not read: the connection ends, and the agent answers others."""
    host, port = site.url.removeprefix("http://").split(":")
    for head in (
        b"POST /api/v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ",
    ):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(head)
        with pytest.raises(ConnectionError):
            await _pour(writer)
        writer.close()
    assert (await site.get("/")).status == 200


async def test_a_client_that_stops_reading_holds_up_nobody(site):
    """Its stream stands still, pages are served, and when it is gone its place is free."""
    host, port = site.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as lazy:
        lazy.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while not site.console.events._clients:  # noqa: ASYNC110 (what is watched has no event)
            await asyncio.sleep(0)
        for number in range(200):
            site.console.events.publish("task", number=number, text="x" * 100_000)
            await asyncio.sleep(0)
        assert (await site.get("/")).status == 200
    async with asyncio.timeout(20):
        while site.console.events._clients:  # noqa: ASYNC110 (as above)
            await asyncio.sleep(0)


async def _pour(writer):
    """A gigabyte."""
    for _ in range(1000):
        writer.write(b"x" * 1_000_000)
        await writer.drain()


async def test_a_stream_that_nobody_reads_costs_no_memory(site):
    """Its client gets what is left, and how many events it missed."""
    events = site.console.events
    stream = events.follow(None, 20)
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    for number in range(10_000):
        events.publish("task", number=number)
    got = [await waiting, *[await anext(stream) for _ in range(len(events._last))]]
    await stream.aclose()
    assert got[0].kind == "missed"
    assert got[0].data["events"] + len(got) - 1 == 10_000
    assert got[-1].data["number"] == 9_999
