"""Credentials, certificates, tenants and proxies: sent where they belong and shown nowhere."""

import base64

import pytest
from pydantic import ValidationError

from orbital_remote_write import Client, RemoteWriteConfig
from orbital_sdk import ConfigurationError, WriteError, WriterMisconfigured
from orbital_sdk.secrecy import hold
from orbital_testbench import Answer, HostileServer

BODY = b"body"
SECRET = "correct-horse-battery"


def last_header(server: HostileServer, name: str) -> str | None:
    return server.requests[-1].headers.get(name)


def test_basic_auth(hostile_server, connect):
    """User and password as RFC 7617 has them, in UTF-8."""
    connect(hostile_server.url, basic_auth={"username": "edge", "password": "grün"}).post(BODY)
    expected = base64.b64encode("edge:grün".encode()).decode()
    assert last_header(hostile_server, "authorization") == f"Basic {expected}"


def test_bearer_token(hostile_server, connect):
    """A token of the configuration."""
    connect(hostile_server.url, bearer_token=SECRET).post(BODY)
    assert last_header(hostile_server, "authorization") == f"Bearer {SECRET}"


def test_secrets_in_files_are_read_again(hostile_server, connect, tmp_path):
    """A token that is renewed on disk is used at once; while its file is missing, the output pauses."""
    file = tmp_path / "token"
    file.write_text("first-token\n")
    client = connect(hostile_server.url, bearer_token_file=str(file))
    client.post(BODY)
    file.write_text("second-token-longer\n")
    client.post(BODY)
    sent = [request.headers["authorization"] for request in hostile_server.requests]
    assert sent == ["Bearer first-token", "Bearer second-token-longer"]
    file.write_text(" \n")
    with pytest.raises(WriterMisconfigured, match=r"bearer_token_file .*token is empty"):
        client.post(BODY)
    file.unlink()
    with pytest.raises(WriterMisconfigured, match="cannot read bearer_token_file"):
        client.post(BODY)
    assert len(hostile_server.requests) == 2


def test_headers_and_tenant(hostile_server, connect):
    """Own headers and the tenant header go out; they cannot replace what the protocol needs."""
    headers = {"X-Api-Key": SECRET, "User-Agent": "edge/1"}
    connect(hostile_server.url, headers=headers, tenant="team-a").post(BODY)
    assert last_header(hostile_server, "x-api-key") == SECRET
    assert last_header(hostile_server, "user-agent") == "edge/1"
    assert last_header(hostile_server, "x-scope-orgid") == "team-a"


def test_netrc_and_proxy_variables_are_left_alone(hostile_server, connect, tmp_path, monkeypatch):
    """What lies around in the environment sends no password and moves no request, unless asked for."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with HostileServer() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        connect(hostile_server.url).post(BODY)
        assert (len(hostile_server.requests), len(proxy.requests)) == (1, 0)
        connect(hostile_server.url, proxy_from_environment=True).post(BODY)
        assert (len(hostile_server.requests), len(proxy.requests)) == (1, 1)
    for server in (hostile_server, proxy):
        assert last_header(server, "authorization") is None


def test_proxy(hostile_server, connect):
    """Requests go through the proxy with its own credentials, which appear nowhere else."""
    proxy = hostile_server.url.replace("http://", f"http://edge:{SECRET}@")
    client = connect("http://far.example/write", proxy_url=proxy)
    client.post(BODY)
    assert hostile_server.requests[0].path == "http://far.example/write"
    assert hostile_server.requests[0].headers["proxy-authorization"].startswith("Basic ")
    hostile_server.default = Answer(407)
    with pytest.raises(WriterMisconfigured, match="proxy_url"):
        client.post(BODY)
    secure = connect("https://far.example/write", proxy_url=proxy)
    with pytest.raises(WriterMisconfigured, match="proxy_url") as error:
        secure.post(BODY)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("status", [400, 401, 503])
def test_servers_that_echo_secrets_do_not_bring_them_into_our_messages(
    hostile_server, connect, status
):
    """An error page that repeats our headers is shown without them, as the agent has told what is secret."""
    hold("test", ["hidden-in-query", "hidden-in-header", SECRET])
    hostile_server.default = lambda request: Answer(
        status, body=f"{request.headers} {request.path}".encode()
    )
    client = connect(
        hostile_server.url + "/w?key=hidden-in-query",
        headers={"X-Api-Key": "hidden-in-header"},
        basic_auth={"username": "edge", "password": SECRET},
    )
    try:
        said = client.post(BODY).reason
    except WriteError as error:
        said = str(error)
    assert "***" in said
    for hidden in ("hidden-in", base64.b64encode(f"edge:{SECRET}".encode()).decode()):
        assert hidden not in said


def test_unverified_tls_works_and_is_warned_about(authority, connect, caplog):
    """`insecure_skip_verify` takes any certificate, and says once what that means."""
    with HostileServer(certificate=authority.issue("any", hosts=["x"])) as server:
        client = connect(server.url, tls={"insecure_skip_verify": True})
        client.post(BODY)
        client.post(BODY)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "insecure_skip_verify" in caplog.text


def test_bad_certificate_files_are_known_at_the_start():
    """Before anything is sent, by their setting."""
    config = RemoteWriteConfig.model_validate({"url": "https://x", "tls": {"ca_file": "/no.pem"}})
    with pytest.raises(ConfigurationError, match=r"tls\.ca_file /no\.pem .*No such file") as error:
        Client(config)
    assert error.value.field == "tls.ca_file"


def test_http_spoken_to_https(start_nginx, authority, connect):
    """The mistake is named, and is not a refusal of the samples."""
    server = start_nginx("location / { return 204; }", certificate=authority.issue())
    with pytest.raises(WriterMisconfigured, match="write https://"):
        connect(f"http://127.0.0.1:{server.tls_port}/").post(BODY)
    with pytest.raises(WriterMisconfigured, match="write http://"):
        connect(server.url.replace("http", "https")).post(BODY)


def test_plain_http_with_credentials_is_warned_about(caplog):
    """Credentials over plain HTTP to another machine are allowed and said; loopback is silent."""
    for url, warned in [("http://metrics.example/w", True), ("http://127.0.0.1/w", False)]:
        caplog.clear()
        Client(RemoteWriteConfig.model_validate({"url": url, "bearer_token": SECRET})).close()
        assert ("without TLS" in caplog.text) == warned


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"url": "http://u:p-ssw@host/"}, "basic_auth"),
        ({"url": "ftp://host/"}, "http://"),
        ({"url": "prometheus:9090"}, "http://"),
        ({"url": "http://"}, "http://"),
        ({"url": "http://host:99999/"}, "not an address"),
        ({"url": "http://host/a b"}, "space"),
        ({"url": "http://host/#top"}, "#"),
        ({"url": "http://host/", "headers": {"Content-Encoding": "gzip"}}, "cannot be set"),
        ({"url": "http://host/", "headers": {"authorization": "x"}}, "basic_auth"),
        ({"url": "http://host/", "headers": {"a b": "x"}}, "name of a header"),
        ({"url": "http://host/", "headers": {"a": "x\r\nB: y"}}, "printable"),
        ({"url": "http://host/", "bearer_token": "a\nb"}, "printable"),
        ({"url": "http://host/", "tenant": "a b"}, "pattern"),
        ({"url": "http://host/", "bearer_token": "a", "bearer_token_file": "b"}, "exclude"),
        ({"url": "http://host/", "basic_auth": {"username": "a"}}, "either"),
        ({"url": "http://host/", "basic_auth": {"username": "a:b", "password": "c"}}, "pattern"),
        ({"url": "http://host/", "tls": {"key_file": "k"}}, "without tls.cert_file"),
        ({"url": "http://host/", "external_labels": {"job": "x"}}, "key `job`"),
        ({"url": "http://host/", "external_labels": {"a-b": "x"}}, "cannot be a label"),
        ({"url": "http://host/", "external_labels": {"__x": "x"}}, "cannot be a label"),
        ({"url": "http://host/", "proxy_url": "socks5://x"}, "http://"),
        ({"url": "http://host/", "timeout": "0s"}, "greater than 0"),
        ({"url": "http://host/", "uurl": "x"}, "Extra inputs"),
        ({}, "url"),
    ],
)
def test_bad_settings_are_refused_in_words_that_help(settings, words):
    """Nothing starts with settings that cannot work, and no message shows a password."""
    with pytest.raises(ValidationError, match=words) as error:
        RemoteWriteConfig.model_validate(settings)
    assert "p-ssw" not in str(error.value)


def test_settings_show_no_secret():
    """Neither repr nor a dump shows what only the server should see."""
    config = RemoteWriteConfig.model_validate(
        {
            "url": "https://host/w?key=geheim",
            "headers": {"X-Key": SECRET},
            "basic_auth": {"username": "u", "password": SECRET},
            "proxy_url": f"http://u:{SECRET}@proxy",
        }
    )
    assert SECRET not in repr(config) + str(config) + config.model_dump_json()
    assert "geheim" not in repr(config) + config.address
