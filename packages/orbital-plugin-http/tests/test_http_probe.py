"""Probes of a real server: what they report, and what counts as good."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from orbital_plugin_http import Http
from orbital_sdk import DeviceUnreachable, UnexpectedReply
from orbital_sdk.testing import collect_once
from orbital_testbench import Answer, BlackboxExporter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from orbital_sdk.testing import Collection
    from orbital_testbench import Authority, HostileServer, Nginx

    Probe = Callable[..., Awaitable[Collection]]

PHASES = ("resolve", "connect", "tls", "processing", "transfer")
PAGE = """
location / { return 200 'status: OK\\n'; }
location /teapot { return 418 'short and stout'; }
location /echo { return 200 '$request_method|$http_x_room|$http_user_agent|$host|$http_accept'; }
location /moved { return 301 /; }
location /file { root FOLDER; }
"""


@pytest.fixture
def nginx(start_nginx: Callable[..., Nginx], tmp_path: Path) -> Nginx:
    (tmp_path / "file").write_text("x" * 3000)
    return start_nginx(PAGE.replace("FOLDER", str(tmp_path)))


async def test_a_good_page_gives_all_metrics_of_a_probe(probe: Probe, nginx: Nginx) -> None:
    """Success, status, version, lengths, and phases that fit into the duration."""
    result = await probe(nginx.url + "/file", {"body_matches": "x{3000}"})
    assert result.error is None
    assert result.value("probe_success") == 1
    assert result.value("probe_http_status_code") == 200
    assert result.value("probe_http_version") == 1.1
    assert result.value("probe_ip_protocol") == 4
    assert result.value("probe_http_ssl") == 0
    assert result.value("probe_http_redirects") == 0
    assert result.value("probe_http_content_length") == 3000
    assert result.value("probe_http_uncompressed_body_length") == 3000
    assert result.value("probe_http_last_modified_timestamp_seconds") > 1.7e9
    assert result.value("probe_failed_due_to_regex") == 0
    phases = {phase: result.value("probe_http_duration_seconds", phase=phase) for phase in PHASES}
    assert min(phases["connect"], phases["processing"], phases["transfer"]) > 0
    assert phases["resolve"] == phases["tls"] == 0
    assert sum(phases.values()) <= result.value("probe_duration_seconds")
    assert result.value("probe_duration_seconds") < result.value("probe_timeout_seconds") <= 10


async def test_a_probe_names_the_same_metrics_as_blackbox_exporter(
    probe: Probe, start_nginx: Callable[..., Nginx], authority: Authority, tmp_path: Path
) -> None:
    """Dashboards made for blackbox_exporter work: names, labels and values are the same."""
    nginx = start_nginx(PAGE, certificate=authority.issue("blackbox"))
    modules = (
        "modules: {tls: {prober: http, timeout: 5s, http: {preferred_ip_protocol: ip4, "
        f"tls_config: {{ca_file: {authority.ca_file}}}, fail_if_body_not_matches_regexp: [OK]}}}}}}"
    )
    url = nginx.tls_url + "/moved"
    with BlackboxExporter(tmp_path / "blackbox", modules=modules) as blackbox:
        theirs = blackbox.probe("tls", url)
    device = {"url": url, "ca_file": str(authority.ca_file)}
    ours = await probe(device, {"body_matches": "OK"})
    named = {series(sample): sample.value for sample in ours.samples}
    for found in (named, theirs):  # the two TLS libraries may agree with nginx on different ciphers
        cipher = next(name for name in found if name.startswith("probe_tls_cipher_info"))
        found["probe_tls_cipher_info"] = found.pop(cipher)
    assert named.keys() - theirs.keys() == {"probe_timeout_seconds"}  # newer than Debian's blackbox
    assert theirs.keys() <= named.keys()
    differ = {name for name in theirs if named[name] != theirs[name]}
    assert {name for name in differ if "duration" not in name and "lookup" not in name} == set()


def series(sample: Any) -> str:
    metric, values = sample.series.metric, sample.series.values
    pairs = sorted(zip(metric.labels, values, strict=True))
    labels = ",".join(f'{name}="{value}"' for name, value in pairs)
    return f"{metric.name}{{{labels}}}" if labels else metric.name


async def test_the_request_is_what_the_settings_say(
    probe: Probe, hostile_server: HostileServer
) -> None:
    """Method, path, query, headers and body go out as set; what is not set has good defaults."""
    config = {"method": "post", "headers": {"X-Room": "7", "user-agent": "me"}, "body": "hellö"}
    await probe(hostile_server.url + "/a?b=c", config)
    await probe(hostile_server.url)
    first, second = hostile_server.requests
    assert (first.method, first.path, first.body) == ("POST", "/a?b=c", "hellö".encode())
    assert (first.headers["x-room"], first.headers["user-agent"]) == ("7", "me")
    assert first.headers["host"] == f"127.0.0.1:{hostile_server.port}"
    assert (second.method, second.path, second.headers["accept"]) == ("GET", "/", "*/*")
    assert second.headers["user-agent"].startswith("Orbital-Sentinel-HTTP/")
    assert second.headers["connection"] == "close"
    assert not {"accept-encoding", "content-length", "authorization"} & second.headers.keys()


@pytest.mark.parametrize("method", ["HEAD", "DELETE", "OPTIONS", "PURGE", "PUT"])
async def test_any_method_may_be_used(
    probe: Probe, hostile_server: HostileServer, method: str
) -> None:
    """HEAD ends with the headers, though they announce a body; unusual methods are sent as they are."""
    hostile_server.default = Answer(200, body=b"12345")
    result = await probe(hostile_server.url, {"method": method})
    assert result.error is None
    assert hostile_server.requests[0].method == method
    assert result.value("probe_http_content_length") == 5
    assert result.value("probe_http_uncompressed_body_length") == (0 if method == "HEAD" else 5)


@pytest.mark.parametrize(
    ("expected", "good"),
    [("2xx", False), (418, True), ("400-499", True), (["200", "418"], True), ("419-599", False)],
)
async def test_the_status_is_good_if_it_is_expected(
    probe: Probe, nginx: Nginx, expected: object, *, good: bool
) -> None:
    """An unexpected status fails with what came and what was wanted; all metrics come all the same."""
    result = await probe(nginx.url + "/teapot?key=hush", {"expected_status": expected})
    assert result.value("probe_success") == good
    assert result.value("probe_http_status_code") == 418
    assert result.value("probe_http_uncompressed_body_length") == 15
    if good:
        assert result.error is None
        return
    assert isinstance(result.error, UnexpectedReply)
    assert result.value("probe_http_failure_reason", reason="status") == 1
    assert f"GET {nginx.url}/teapot: status 418, expected " in str(result.error)
    assert "hush" not in str(result.error)


@pytest.mark.parametrize(
    ("config", "good"),
    [
        ({"body_matches": "status: [A-Z]+"}, True),
        ({"body_matches": ["^status", "OK$"]}, True),
        ({"body_matches": ["status", "absent"]}, False),
        ({"body_must_not_match": "error"}, True),
        ({"body_must_not_match": ["error", "OK"]}, False),
        ({"body_matches": "status", "body_must_not_match": "OK"}, False),
    ],
)
async def test_the_body_is_good_if_the_patterns_say_so(
    probe: Probe, nginx: Nginx, config: dict[str, Any], *, good: bool
) -> None:
    """All of `body_matches` and none of `body_must_not_match` are in a good body."""
    result = await probe(nginx.url, config)
    assert result.value("probe_success") == good
    assert result.value("probe_failed_due_to_regex") == (not good)
    if not good:
        assert isinstance(result.error, UnexpectedReply)
        assert result.value("probe_http_failure_reason", reason="body") == 1


async def test_patterns_see_text_in_its_charset(
    probe: Probe, hostile_server: HostileServer
) -> None:
    """A pattern finds an umlaut whichever charset the page has; an unknown charset is read as UTF-8."""
    for charset, codec in (("iso-8859-1", "latin-1"), ("utf-16", "utf-16"), ("klingon", "utf-8")):
        kind = {"Content-Type": f'text/plain; charset="{charset}"'}
        hostile_server.script(Answer(200, kind, "Gerät läuft".encode(codec)))
        assert (await probe(hostile_server.url, {"body_matches": "Gerät"})).error is None


@pytest.mark.parametrize(
    ("coding", "encode"),
    [
        ("gzip", gzip.compress),
        ("GZIP", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body, wbits=-15)),
        ("identity", lambda body: body),
    ],
)
async def test_a_compressed_body_is_checked_decompressed(
    probe: Probe, hostile_server: HostileServer, coding: str, encode: Callable[[bytes], bytes]
) -> None:
    """Patterns see the text; Content-Length is that on the wire, the body's length that of the text."""
    text = b"all is well " * 100
    hostile_server.default = Answer(200, {"Content-Encoding": coding}, encode(text))
    result = await probe(hostile_server.url, {"body_matches": "(all is well ){100}"})
    assert result.error is None
    assert result.value("probe_http_content_length") == len(encode(text))
    assert result.value("probe_http_uncompressed_body_length") == len(text)


async def test_compression_is_offered_where_it_is_asked_for(
    probe: Probe, start_nginx: Callable[..., Nginx], tmp_path: Path
) -> None:
    """A real server compresses then, and in chunks, so that it cannot say how long the body is."""
    (tmp_path / "big.txt").write_text("all is well " * 1000)
    nginx = start_nginx(f"root {tmp_path}; gzip on; gzip_types *; gzip_min_length 1;")
    plain = await probe(nginx.url + "/big.txt")
    packed = await probe(nginx.url + "/big.txt", {"compression": True})
    assert plain.value("probe_http_content_length") == 12000
    assert packed.value("probe_http_content_length") == -1
    assert packed.value("probe_http_uncompressed_body_length") == 12000


async def test_ipv6_and_the_wish_for_one_version(
    probe: Probe, start_nginx: Callable[..., Nginx]
) -> None:
    """An IPv6 address works, and an address of the other version is a failure by name."""
    nginx = start_nginx(
        "listen [::1]:6PORT; location / { return 200 six; }".replace("6PORT", "23961")
    )
    six = await probe("http://[::1]:23961/", {"body_matches": "six"})
    assert six.error is None
    assert six.value("probe_ip_protocol") == 6
    wrong = await probe(nginx.url, {"ip_version": 6})
    assert isinstance(wrong.error, DeviceUnreachable)
    assert "has no IPv6 address" in str(wrong.error)
    assert wrong.value("probe_http_failure_reason", reason="dns") == 1


@pytest.mark.parametrize("version", ["any", "4", "prefer_4", "prefer_6"])
async def test_the_look_up_of_a_name_is_timed(probe: Probe, nginx: Nginx, version: str) -> None:
    """The look-up has its own phase; a preferred version that the name lacks is not a failure."""
    result = await probe(nginx.url.replace("127.0.0.1", "localhost"), {"ip_version": version})
    assert result.error is None
    assert result.value("probe_ip_protocol") == 4
    assert result.value("probe_http_duration_seconds", phase="resolve") > 0
    assert result.value("probe_dns_lookup_time_seconds") > 0


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70 + ".invalid"])
async def test_a_name_without_address_is_a_dns_failure(probe: Probe, host: str) -> None:
    """`.invalid` has no addresses (RFC 6761), and some names cannot exist: reason dns, device unreachable."""
    result = await probe(f"http://{host}/")
    assert isinstance(result.error, DeviceUnreachable)
    assert f"cannot resolve {host}" in str(result.error)
    assert result.value("probe_http_failure_reason", reason="dns") == 1
    assert result.value("probe_ip_protocol") == 0
    assert result.value("probe_ip_addr_hash") == 0


async def test_a_connection_says_what_answered(nginx: Nginx) -> None:
    """A test tells status, address and time in one line."""
    from orbital_plugin_http import HttpConfig, HttpDevice
    from orbital_sdk.testing import make_context

    plugin = Http(HttpConfig())
    said = await (await plugin.open(HttpDevice(url=nginx.url))).test(make_context())
    assert said.startswith(f"GET {nginx.url}/: status 200 from 127.0.0.1 in ")
    teapot = await plugin.open(HttpDevice(url=nginx.url + "/teapot"))
    with pytest.raises(UnexpectedReply, match="status 418"):
        await teapot.test(make_context())


async def test_the_run_may_be_shorter_than_the_task(probe: Probe, nginx: Nginx) -> None:
    """`timeout` is what a probe gets if it is less than the task's, and is reported."""
    short = await collect_once(Http, {"url": nginx.url}, {"timeout": "2s"})
    long = await collect_once(Http, {"url": nginx.url}, {"timeout": "1h"})
    assert short.value("probe_timeout_seconds") == 2
    assert 9 < long.value("probe_timeout_seconds") < 10


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Tue, 24 Nov 2026 14:05:37 GMT", 1795529137),
        ("Tuesday, 24-Nov-26 14:05:37 GMT", 1795529137),
        ("yesterday", None),
        ("Tue, 99 Nov 2026 14:05:37 GMT", None),
    ],
)
async def test_last_modified_is_reported_if_it_is_a_date(
    probe: Probe, hostile_server: HostileServer, header: str, seconds: float | None
) -> None:
    """Both forms of a date that servers send; what is not a date is left out."""
    hostile_server.default = Answer(200, {"Last-Modified": header})
    result = await probe(hostile_server.url)
    name = "probe_http_last_modified_timestamp_seconds"
    assert (result.value(name) if name in result.names else None) == seconds
