"""Redirects: followed as browsers do it, and never with a secret to a stranger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orbital_plugin_http.request import Request
from orbital_plugin_http.url import parse
from orbital_sdk import UnexpectedReply
from orbital_testbench import Answer, HostileServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orbital_sdk.testing import Collection

    Probe = Callable[..., Awaitable[Collection]]


def to(location: str, status: int = 302) -> Answer:
    return Answer(status, {"Location": location}, b"moved")


async def test_redirects_are_counted_and_their_phases_summed(
    probe: Probe, hostile_server: HostileServer
) -> None:
    """Three hops: the last response is reported, each hop has a connection of its own."""
    hostile_server.script(to("/two"), to("three?x=1"), to(hostile_server.url + "/four"))
    hostile_server.default = Answer(200, body=b"arrived")
    one = await probe(hostile_server.url + "/one", {"body_matches": "arrived"})
    assert one.error is None
    assert one.value("probe_http_redirects") == 3
    assert one.value("probe_http_status_code") == 200
    assert [request.path for request in hostile_server.requests] == [
        "/one",
        "/two",
        "/three?x=1",
        "/four",
    ]
    assert hostile_server.connections == 4


async def test_a_redirect_is_the_answer_where_none_is_followed(
    probe: Probe, hostile_server: HostileServer
) -> None:
    """With `follow_redirects: false` the redirect's own status is judged."""
    hostile_server.default = to("/else", 301)
    config = {"follow_redirects": False, "expected_status": 301, "body_matches": "moved"}
    result = await probe(hostile_server.url, config)
    assert result.error is None
    assert len(hostile_server.requests) == 1


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("/again", "more than 3 redirects"),
        ("gopher://a/", "redirected to nowhere"),
        ("http://ann:pw@a/", "redirected to nowhere"),
        ("http://a:0/", "redirected to nowhere"),
    ],
)
async def test_redirects_without_end_or_aim_fail_by_name(
    probe: Probe, hostile_server: HostileServer, location: str, words: str
) -> None:
    """A loop ends at `max_redirects`; a location that is not a URL is not a place to go to."""
    hostile_server.default = to(location)
    result = await probe(hostile_server.url, {"max_redirects": 3})
    assert isinstance(result.error, UnexpectedReply)
    assert words in str(result.error)
    assert "pw" not in str(result.error)
    assert result.value("probe_http_failure_reason", reason="redirect") == 1
    assert result.value("probe_http_status_code") == 302


@pytest.mark.parametrize(
    ("status", "method", "sent"),
    [(301, "POST", "GET"), (302, "PUT", "GET"), (303, "DELETE", "GET"), (303, "HEAD", "HEAD"),
     (307, "POST", "POST"), (308, "PATCH", "PATCH")],
)  # fmt: skip
async def test_method_and_body_survive_where_the_standard_says_so(
    probe: Probe, hostile_server: HostileServer, status: int, method: str, sent: str
) -> None:
    """307 and 308 repeat the request; the others ask with GET and without body (RFC 9110, 15.4)."""
    hostile_server.script(to("/next", status))
    body = None if method == "HEAD" else "payload"
    config = {"method": method, "body": body, "headers": {"Content-Type": "text/x"}}
    assert (await probe(hostile_server.url, config)).error is None
    second = hostile_server.requests[1]
    assert second.method == sent
    assert second.body == (b"payload" if sent == method != "HEAD" else b"")
    assert ("content-type" in second.headers) == (sent == method)


@pytest.mark.parametrize(
    "login",
    [
        {"username": "ann", "password": "hush"},
        {"token": "hush"},
        {"api_key": "hush", "api_key_name": "X-Hidden"},
    ],
)
async def test_credentials_stay_with_their_server(
    probe: Probe, hostile_server: HostileServer, login: dict[str, str]
) -> None:
    """They go along to the same server, not to another port, and not back from there; nor do they with
    `share_on_redirect`.
    """
    with HostileServer() as stranger:
        stranger.default = to(hostile_server.url + "/back")
        hostile_server.script(to("/same"), to(stranger.url))
        config = {"headers": {"Cookie": "hush", "X-Room": "7"}, "share_on_redirect": True}
        await probe({"url": hostile_server.url, **login}, config)
        there = stranger.requests[0].headers
    first, same, back = [request.headers for request in hostile_server.requests]
    name = "x-hidden" if "api_key" in login else "authorization"
    assert first[name] == same[name]
    assert first["cookie"] == same["cookie"] == "hush"
    for headers in (there, back):
        assert not {name, "cookie"} & headers.keys()
        assert headers["x-room"] == "7"


async def test_headers_stay_with_their_server(probe: Probe, hostile_server: HostileServer) -> None:
    """Whatever the user wrote may be a secret: another server gets our own headers alone, as does the first
    after it was left.
    """
    with HostileServer() as stranger:
        stranger.default = to(hostile_server.url + "/back")
        hostile_server.script(to("/same"), to(stranger.url))
        config = {"headers": {"X-Token": "hush", "User-Agent": "hush", "Host": "hush.test"}}
        assert (await probe(hostile_server.url, config)).error is None
        there = stranger.requests[0].headers
    first, same, back = [request.headers for request in hostile_server.requests]
    assert first["x-token"] == same["x-token"] == "hush"
    assert "hush" not in str(there)
    assert "hush" not in str(back)
    assert there["user-agent"].startswith("Orbital-Sentinel-HTTP/")


@pytest.mark.parametrize("status", [307, 308])
async def test_the_body_stays_with_its_server(
    probe: Probe, hostile_server: HostileServer, status: int
) -> None:
    """A redirect that asks for the body elsewhere is a failure, which names the setting that allows it."""
    config: dict[str, object] = {"method": "POST", "body": "hush"}
    with HostileServer() as stranger:
        hostile_server.default = to(stranger.url, status)
        result = await probe(hostile_server.url, config)
        assert isinstance(result.error, UnexpectedReply)
        assert "gets the body only with share_on_redirect: true" in str(result.error)
        assert result.value("probe_http_failure_reason", reason="redirect") == 1
        assert stranger.requests == []
        assert (await probe(hostile_server.url, config | {"share_on_redirect": True})).error is None
        assert [request.body for request in stranger.requests] == [b"hush"]


async def test_without_a_body_every_redirect_is_followed(
    probe: Probe, hostile_server: HostileServer
) -> None:
    """A POST becomes a GET by 301, 302 and 303, and one without body may be repeated anywhere."""
    with HostileServer() as stranger:
        hostile_server.script(to(stranger.url, 302), to(stranger.url, 307))
        assert (await probe(hostile_server.url, {"method": "POST", "body": "hush"})).error is None
        assert (await probe(hostile_server.url, {"method": "POST"})).error is None
        assert [(one.method, one.body) for one in stranger.requests] == [
            ("GET", b""),
            ("POST", b""),
        ]


def test_the_step_to_https_on_the_same_host_keeps_all() -> None:
    """Http to https on the usual ports is the same server; the way back, or another port, is not."""
    secret = {"Authorization": "hush"}
    request = Request("GET", parse("http://a/"), secret)
    assert request.redirected(301, "https://a/").headers == secret
    for location in ("https://a:8443/", "https://b/", "http://a:81/"):
        assert request.redirected(301, location).headers == {}
    down = Request("GET", parse("https://a/"), secret)
    assert down.redirected(301, "http://a/").headers == {}
