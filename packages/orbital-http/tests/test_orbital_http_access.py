"""Credentials, certificates and proxies: sent where they belong, shown nowhere, named when wrong."""

import base64
import logging
from datetime import timedelta

import pytest
from pydantic import SecretStr, ValidationError

from orbital_http import (
    BasicAuth,
    Credentials,
    HttpMisconfigured,
    HttpUnavailable,
    RequestFailed,
    SettingNames,
    Tls,
    stays_here,
    warn,
)
from orbital_sdk import ConfigurationError
from orbital_sdk.address import public_address
from orbital_testbench import Answer, CutAnswer, HostileServer, free_port

SECRET = "correct-horse-battery"


def authorization(server: HostileServer) -> str | None:
    return server.requests[-1].headers.get("authorization")


def failure(client, url: str) -> RequestFailed:
    with pytest.raises(HttpMisconfigured) as caught:
        client.post(url, b"")
    assert not caught.value.sent
    return caught.value


def test_basic_auth(hostile_server, connect):
    """User and password as RFC 7617 has them, in UTF-8."""
    login = Credentials(BasicAuth(username="edge", password="grün"))
    connect(hostile_server.url, auth=login).post(hostile_server.url, b"")
    expected = base64.b64encode("edge:grün".encode()).decode()
    assert authorization(hostile_server) == f"Basic {expected}"


def test_bearer_token(hostile_server, connect):
    """A token of the configuration."""
    login = Credentials(bearer_token=SecretStr(SECRET))
    connect(hostile_server.url, auth=login).post(hostile_server.url, b"")
    assert authorization(hostile_server) == f"Bearer {SECRET}"


def test_secrets_in_files_are_read_again(hostile_server, connect, tmp_path):
    """A token that is renewed on disk is used at once; a file that is empty or gone is named."""
    file = tmp_path / "token"
    file.write_text("first-token\n")
    client = connect(hostile_server.url, auth=Credentials(bearer_token_file=file))
    client.post(hostile_server.url, b"")
    file.write_text("second-token-longer\n")
    client.post(hostile_server.url, b"")
    sent = [request.headers["authorization"] for request in hostile_server.requests]
    assert sent == ["Bearer first-token", "Bearer second-token-longer"]
    file.write_text(" \n")
    assert str(failure(client, hostile_server.url)).endswith("token is empty")
    file.unlink()
    assert "cannot read bearer_token_file" in str(failure(client, hostile_server.url))
    assert len(hostile_server.requests) == 2


def test_password_file(hostile_server, connect, tmp_path):
    """basic_auth takes its password from a file too."""
    file = tmp_path / "password"
    file.write_bytes(b"\xff\xfe")
    login = Credentials(BasicAuth(username="u", password_file=file))
    client = connect(hostile_server.url, auth=login)
    assert "not UTF-8" in str(failure(client, hostile_server.url))
    file.write_text("secret")
    client.post(hostile_server.url, b"")
    expected = base64.b64encode(b"u:secret").decode()
    assert authorization(hostile_server) == f"Basic {expected}"


@pytest.mark.parametrize("secret", ["hidden\nabc", "hidden\u20ac"])
def test_what_no_header_can_carry_is_not_shown(hostile_server, connect, secret):
    """What requests and http.client say of it has the value in it."""
    client = connect(hostile_server.url)
    with pytest.raises(HttpMisconfigured, match="no header can carry") as caught:
        client.post(hostile_server.url, b"", headers={"X-Api-Key": secret})
    assert "hidden" not in str(caught.value)
    assert caught.value.__suppress_context__
    login = Credentials(bearer_token=SecretStr(secret))
    assert "hidden" not in str(failure(connect(hostile_server.url, auth=login), hostile_server.url))
    assert not hostile_server.requests


def test_netrc_and_proxy_variables_are_left_alone(hostile_server, connect, tmp_path, monkeypatch):
    """What lies around in the environment sends no password and moves no request, unless asked for."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    url = hostile_server.url
    with HostileServer() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        connect(url).post(url, b"")
        assert (len(hostile_server.requests), len(proxy.requests)) == (1, 0)
        connect(url, proxy_from_environment=True).post(url, b"")
        assert (len(hostile_server.requests), len(proxy.requests)) == (1, 1)
        for server in (hostile_server, proxy):
            assert authorization(server) is None


def test_a_proxy_has_credentials_of_its_own(hostile_server, connect):
    """They go to it alone, and one that refuses is told from the server behind it."""
    proxy = SecretStr(hostile_server.url.replace("http://", f"http://edge:{SECRET}@"))
    url = "http://far.example/write"
    connect(url, proxy_url=proxy).post(url, b"")
    assert hostile_server.requests[0].path == url
    assert hostile_server.requests[0].headers["proxy-authorization"].startswith("Basic ")
    url = "https://far.example/write"
    client = connect(url, proxy_url=proxy)
    for status, words in [
        (407, "it wants credentials; put them into proxy_url"),
        (403, "it answered 403 Scripted; look at proxy_url"),
    ]:
        hostile_server.default = Answer(status)
        assert str(failure(client, url)) == f"{url}, through the proxy: {words}"
    hostile_server.default = Answer(502)
    with pytest.raises(HttpUnavailable, match="through the proxy: it answered 502") as caught:
        client.post(url, b"")
    assert not caught.value.sent


def test_an_address_that_cannot_be_asked_is_not_shown(connect):
    """The proxy's may have a password in it."""
    url, proxy = "https://far.example/write", SecretStr(f"http://u:{SECRET}@[::1")
    error = failure(connect(url, proxy_url=proxy), url)
    assert str(error) == f"{url}: it cannot be asked; look at url and proxy_url"


def test_tls_with_a_private_authority(authority, connect, monkeypatch):
    """`ca_file` makes a private certificate good, whatever the environment says; else it is advised."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.issue("else").certificate))
    trusting = {"tls": {"ca_file": authority.ca_file}, "proxy_from_environment": True}
    with HostileServer(certificate=authority.issue()) as server:
        connect(server.url, **trusting).post(server.url, b"")
        assert "set tls.ca_file to the authority" in str(failure(connect(server.url), server.url))


def test_tls_name_of_the_server(authority, connect):
    """A certificate for another name is refused, unless that name is the one that is wanted."""
    with HostileServer(certificate=authority.issue("named", hosts=["metrics.example"])) as server:
        tls, url = {"ca_file": str(authority.ca_file)}, server.url
        assert "set tls.server_name" in str(failure(connect(url, tls=tls), url))
        connect(url, tls={**tls, "server_name": "metrics.example"}).post(url, b"")
        other = connect(url, tls={**tls, "server_name": "other.example"})
        assert "tls.server_name" in str(failure(other, url))
        core = SettingNames(address="core.url", server_name="")
        assert str(failure(connect(url, tls=tls, names=core), url)).endswith("; look at core.url")


def test_expired_certificate(authority, connect):
    """The message speaks of its time, not of authorities."""
    old = authority.issue("old", lifetime=timedelta(seconds=-5))
    with HostileServer(certificate=old) as server:
        client = connect(server.url, tls={"ca_file": authority.ca_file})
        assert "expired); renew it there" in str(failure(client, server.url))


def test_any_certificate_where_it_is_asked_for(authority, connect):
    """`insecure_skip_verify`, without a warning for each request."""
    with HostileServer(certificate=authority.issue("any", hosts=["x"])) as server:
        client = connect(server.url, tls={"insecure_skip_verify": True})
        for _ in range(2):
            client.post(server.url, b"")


def test_client_certificate(start_nginx, authority, connect):
    """With our certificate the server answers; a key that is gone later is named, and is not an outage."""
    server = start_nginx(
        "location / { return 204; }", certificate=authority.issue(), client_authority=authority
    )
    ours = authority.issue("edge", client=True)
    tls = {"ca_file": str(authority.ca_file)}
    assert connect(server.tls_url, tls=tls).post(server.tls_url, b"").status == 400
    tls |= {"cert_file": str(ours.certificate), "key_file": str(ours.key)}
    client = connect(server.tls_url, tls=tls)
    assert client.post(server.tls_url, b"").status == 204
    ours.key.rename(ours.key.with_suffix(".gone"))
    try:
        server.restart()
        assert "look at tls.ca_file, tls.cert_file and tls.key_file" in str(
            failure(client, server.tls_url)
        )
    finally:
        ours.key.with_suffix(".gone").rename(ours.key)


def test_trust_that_vanishes_is_not_a_network_problem(authority, connect, tmp_path):
    """A CA file that is gone while running is for a person to put right."""
    copy = tmp_path / "ca.pem"
    copy.write_bytes(authority.ca_file.read_bytes())
    with HostileServer(certificate=authority.issue()) as server:
        client = connect(server.url, tls={"ca_file": str(copy)})
        client.post(server.url, b"")
        copy.unlink()
        assert str(copy) in str(failure(client, server.url))


def test_tls_spoken_to_a_server_without(start_nginx, connect):
    """The mistake is named."""
    url = start_nginx("location / { return 204; }").url.replace("http", "https")
    assert "it speaks no TLS there; write http:// in url" in str(failure(connect(url), url))


def test_a_tls_server_that_closes_may_want_a_certificate(authority, connect):
    """TLS 1.3 says so late, and some servers only by closing."""
    with HostileServer(certificate=authority.issue()) as server:
        server.default = CutAnswer()
        client = connect(server.url, tls={"ca_file": authority.ca_file})
        with pytest.raises(RequestFailed, match=r"closed before .* set tls\.cert_file"):
            client.post(server.url, b"")


def test_wrong_files_are_known_at_the_start(authority):
    """Each by its setting; none given is fine."""
    Tls().check_files()
    Tls(ca_file=authority.ca_file).check_files()
    for name in ("ca_file", "cert_file"):
        with pytest.raises(ConfigurationError, match=rf"tls\.{name} /nowhere\.pem") as caught:
            Tls.model_validate({name: "/nowhere.pem"}).check_files()
        assert caught.value.field == f"tls.{name}"
    with pytest.raises(ValidationError, match=r"without tls\.cert_file"):
        Tls.model_validate({"key_file": "k"})


def test_what_is_dangerous_is_said(caplog):
    """Taking any certificate, and credentials without TLS; nothing where neither is so."""
    log = logging.getLogger("test")
    warn(log, "http://a/w", insecure=False, bare=False)
    assert not caplog.records
    warn(log, "http://a/w", insecure=True, bare=True)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert "insecure_skip_verify" in caplog.text
    assert "without TLS" in caplog.text


def test_what_never_leaves_this_machine():
    """Names under `localhost`, too, of which no resolver may say anything else (RFC 6761, 6.3)."""
    near = ["http://127.0.0.1:1/", "http://[::1]/", "http://localhost", "http://a.localhost/w"]
    assert all(map(stays_here, near))
    assert not any(map(stays_here, ["http://10.0.0.1/", "http://localhost.example/", "http:///"]))


def test_messages_never_hold_the_query(connect):
    """A URL's query may hold a token."""
    url = f"http://127.0.0.1:{free_port()}/w?token=geheim-geheim"
    with pytest.raises(RequestFailed) as caught:
        connect(public_address(url)).post(url, b"")
    assert "geheim" not in str(caught.value)
