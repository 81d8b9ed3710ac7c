"""Credentials: sent as they have to be, never shown, and their refusal told from other failures."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from orbital_plugin_http import Http, HttpConfig, HttpDevice
from orbital_sdk import AuthenticationFailed, UnexpectedReply
from orbital_sdk.testing import make_context, runs_of
from orbital_testbench import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orbital_sdk.testing import Collection
    from orbital_testbench import HostileServer, Nginx

    Probe = Callable[..., Awaitable[Collection]]

PASSWORD = 's3cret,"pass'
"""With what has to be escaped in a header."""


@pytest.mark.parametrize(
    ("login", "path", "headers"),
    [
        ({"username": "ann", "password": "p:w"}, "/p?q=1",
         {"authorization": "Basic " + base64.b64encode(b"ann:p:w").decode()}),
        ({"token": "abc.def\n"}, "/p?q=1", {"authorization": "Bearer abc.def"}),
        ({"api_key": "k-1"}, "/p?q=1", {"x-api-key": "k-1"}),
        ({"api_key": "k 1&", "api_key_name": "key", "api_key_in": "query"}, "/p?q=1&key=k%201%26", {}),
        ({"auth": "none"}, "/p?q=1", {}),
    ],
)  # fmt: skip
async def test_each_login_is_sent_in_its_place(
    probe: Probe, hostile_server: HostileServer, login: dict[str, str], path: str, headers: Any
) -> None:
    """Basic, bearer and key in a header or in the query, with the first request."""
    assert (await probe({"url": hostile_server.url + "/p?q=1", **login})).error is None
    request = hostile_server.requests[0]
    assert request.path == path
    assert headers.items() <= request.headers.items()
    assert ("authorization" in request.headers) == ("authorization" in headers)


async def test_a_real_server_s_basic_login(
    probe: Probe, start_nginx: Callable[..., Nginx], tmp_path: Any
) -> None:
    """Nginx lets in who knows the password; who doesn't has its task paused, unless 401 was expected."""
    (tmp_path / "users").write_text("ann:{PLAIN}hush-hush\n")
    nginx = start_nginx(
        f"root {tmp_path}; location / {{ auth_basic x; auth_basic_user_file {tmp_path}/users; }}"
    )
    (tmp_path / "in.txt").write_text("inside")
    device = {"url": nginx.url + "/in.txt", "username": "ann"}
    good = await probe({**device, "password": "hush-hush"}, {"body_matches": "inside"})
    assert good.error is None
    bad = await probe({**device, "password": "wrong-one"})
    assert isinstance(bad.error, AuthenticationFailed)
    assert "status 401, expected 200-299: the credentials were refused" in str(bad.error)
    assert "wrong-one" not in str(bad.error)
    assert bad.value("probe_http_failure_reason", reason="status") == 1
    expected = await probe({**device, "password": "wrong-one"}, {"expected_status": 401})
    assert expected.error is None


@pytest.mark.parametrize(
    ("status", "login", "error"),
    [
        (403, {"token": "x"}, AuthenticationFailed),
        (403, {}, UnexpectedReply),
        (401, {}, UnexpectedReply),
        (500, {"token": "x"}, UnexpectedReply),
    ],
)
async def test_only_refused_credentials_pause_a_task(
    probe: Probe, hostile_server: HostileServer, status: int, login: dict[str, str], error: type
) -> None:
    """401 and 403 mean that if credentials were given, and nothing but a bad status if none were."""
    hostile_server.default = Answer(status)
    result = await probe({"url": hostile_server.url, **login})
    assert type(result.error) is error


async def test_a_key_in_the_query_shows_nowhere(
    probe: Probe, hostile_server: HostileServer
) -> None:
    """Neither in the error nor in a label, also after a redirect that repeats it."""
    hostile_server.script(Answer(302, {"Location": "/x?key=hush-hush"}))
    hostile_server.default = Answer(500)
    key = {"api_key": "hush-hush", "api_key_name": "key", "api_key_in": "query"}
    result = await probe({"url": hostile_server.url, **key})
    assert "hush" not in str(result.error)
    assert "hush" not in repr(result.samples)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_a_real_server_s_digest_login(
    probe: Probe, start_lighttpd: Callable[..., Any], algorithm: str
) -> None:
    """Lighttpd lets in who knows the password, also from one run to the next with the nonce kept."""
    url = start_lighttpd(algorithm).url + "/private.txt?a=b"
    device = {"url": url, "auth": "digest", "username": "ann", "password": PASSWORD}
    async with runs_of(Http, device, {"body_matches": "behind"}) as runs:
        for _ in range(3):
            assert (await runs.collect()).error is None
    wrong = await probe({**device, "password": "wrong"})
    assert isinstance(wrong.error, AuthenticationFailed)


async def test_digest_needs_one_request_once_the_nonce_is_known(
    probe: Probe, hostile_server: HostileServer
) -> None:
    """A challenge costs a second request in the first run only; a stale nonce is replaced at once."""
    ask = {"WWW-Authenticate": 'Digest realm="r", qop="auth", nonce="n1"'}
    stale = {"WWW-Authenticate": 'Digest realm="r", qop="auth", nonce="n2", stale=true'}
    device = HttpDevice.model_validate(
        {"url": hostile_server.url, "auth": "digest", "username": "ann", "password": "x"}
    )
    hostile_server.script(
        Answer(401, ask), Answer(200), Answer(200), Answer(401, stale), Answer(200)
    )
    session = await Http(HttpConfig()).open(device)
    for _ in range(3):
        await session.collect(make_context())
    sent = [request.headers.get("authorization", "") for request in hostile_server.requests]
    assert sent[0] == ""
    assert ['nonce="n2"' in text for text in sent[1:]] == [False, False, False, True]
    assert [text[-8:] for text in sent[1:]] == ["00000001", "00000002", "00000003", "00000001"]


async def test_a_digest_that_cannot_be_met_is_a_refusal(
    probe: Probe, hostile_server: HostileServer
) -> None:
    """Another scheme, an unknown algorithm, no nonce: two requests at most, then the refusal."""
    device = {"url": hostile_server.url, "auth": "digest", "username": "ann", "password": "x"}
    for header in ('Basic realm="r"', 'Digest nonce="n", algorithm=ROT13', 'Digest realm="r"', ""):
        hostile_server.default = Answer(401, {"WWW-Authenticate": header})
        assert isinstance((await probe(device)).error, AuthenticationFailed)
    assert len(hostile_server.requests) == 4
