"""TLS: trust, certificates and what is told of them, also of bad ones."""

from __future__ import annotations

import shutil
import ssl
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from orbital_plugin_http import Http, HttpConfig, HttpDevice
from orbital_plugin_http.tls import Contexts, Options
from orbital_sdk import ConfigurationError, UnexpectedReply
from orbital_sdk.testing import collect_once, make_context
from orbital_testbench import Authority

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from orbital_sdk.testing import Collection
    from orbital_testbench import Nginx

    Probe = Callable[..., Awaitable[Collection]]
    StartNginx = Callable[..., Nginx]


def failed_by_tls(result: Collection, words: str) -> bool:
    return (
        isinstance(result.error, UnexpectedReply)
        and words in str(result.error)
        and result.value("probe_success") == 0
        and result.value("probe_http_failure_reason", reason="tls") == 1
    )


async def test_a_trusted_server_is_described(
    probe: Probe, start_nginx: StartNginx, authority: Authority
) -> None:
    """Version, cipher, the chain's first expiry and the certificate's own names are reported."""
    certificate = authority.issue("plain", hosts=("127.0.0.1", "device.example"))
    nginx = start_nginx(certificate=certificate)
    result = await probe({"url": nginx.tls_url, "ca_file": str(authority.ca_file)})
    assert result.error is None
    assert result.value("probe_http_ssl") == 1
    assert result.value("probe_tls_version_info", version="TLS 1.3") == 1
    assert result.value("probe_tls_cipher_info") == 1
    until = certificate.not_after.timestamp()
    assert result.value("probe_ssl_earliest_cert_expiry") == until
    assert result.value("probe_ssl_last_chain_expiry_timestamp_seconds") <= until
    named = {"subject": "CN=plain", "issuer": "CN=Test CA", "subjectalternative": "device.example"}
    assert result.value("probe_ssl_last_chain_info", **named) == 1
    assert result.value("probe_http_duration_seconds", phase="tls") > 0
    assert result.value("probe_http_duration_seconds", phase="connect") > 0


async def test_an_expired_certificate_fails_and_its_expiry_is_reported(
    probe: Probe, start_nginx: StartNginx, authority: Authority
) -> None:
    """The one value that tells when it expired comes although the handshake was given up."""
    certificate = authority.issue("expired", lifetime=timedelta(days=-3))
    nginx = start_nginx(certificate=certificate)
    result = await probe({"url": nginx.tls_url, "ca_file": str(authority.ca_file)})
    assert failed_by_tls(result, "certificate has expired")
    assert result.value("probe_ssl_earliest_cert_expiry") == certificate.not_after.timestamp()
    assert "probe_ssl_last_chain_expiry_timestamp_seconds" not in result.names
    assert result.value("probe_http_status_code") == 0


async def test_what_is_not_trusted_fails_by_name(
    probe: Probe, start_nginx: StartNginx, authority: Authority, tmp_path: Path
) -> None:
    """An unknown authority, and a certificate for somebody else; `server_name` puts the second right."""
    nginx = start_nginx(certificate=authority.issue("other", hosts=("device.example",)))
    ours, theirs = str(authority.ca_file), str(Authority(tmp_path / "ca", "Stranger").ca_file)
    assert failed_by_tls(await probe({"url": nginx.tls_url, "ca_file": ours}), "mismatch")
    stranger = await probe(
        {"url": nginx.tls_url, "ca_file": theirs, "server_name": "device.example"}
    )
    assert failed_by_tls(stranger, "unable to get local issuer certificate")
    assert failed_by_tls(await probe(nginx.tls_url), "; set ca_file to the authority")
    named = await probe({"url": nginx.tls_url, "ca_file": ours, "server_name": "device.example"})
    assert named.error is None


async def test_verification_can_be_skipped_and_the_expiry_is_still_reported(
    probe: Probe, start_nginx: StartNginx, authority: Authority
) -> None:
    """With `insecure_skip_verify` an expired certificate passes; no verified chain is claimed."""
    nginx = start_nginx(certificate=authority.issue("skipped", lifetime=timedelta(days=-3)))
    result = await probe({"url": nginx.tls_url, "insecure_skip_verify": True})
    assert result.error is None
    assert result.value("probe_ssl_earliest_cert_expiry") > 0
    assert "probe_ssl_last_chain_expiry_timestamp_seconds" not in result.names


async def test_a_device_s_own_certificate_can_be_pinned(
    probe: Probe, start_nginx: StartNginx, authority: Authority
) -> None:
    """`ca_file` may hold the very certificate of the server, whoever signed it."""
    certificate = authority.issue("pinned")
    nginx = start_nginx(certificate=certificate)
    result = await probe({"url": nginx.tls_url, "ca_file": str(certificate.certificate)})
    assert result.error is None


async def test_a_client_certificate_is_shown(
    probe: Probe, start_nginx: StartNginx, authority: Authority
) -> None:
    """With it the page comes; without it nginx says 400, which is a matter of status and not of TLS."""
    nginx = start_nginx(certificate=authority.issue("mutual"), client_authority=authority)
    device = {"url": nginx.tls_url, "ca_file": str(authority.ca_file)}
    client = authority.issue("client", client=True)
    shown = {"cert_file": str(client.certificate), "key_file": str(client.key)}
    assert (await probe({**device, **shown})).error is None
    without = await probe(device)
    assert without.value("probe_http_failure_reason", reason="status") == 1


async def test_a_server_that_insists_on_a_client_certificate_is_a_tls_failure(
    probe: Probe, authority: Authority, tls_server: Callable[..., str]
) -> None:
    """TLS 1.3 refuses after the handshake, when the answer is awaited: still the reason is tls."""

    def demand(context: ssl.SSLContext) -> None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.ca_file)

    url = tls_server(authority.issue("insists"), demand)
    result = await probe({"url": url, "ca_file": str(authority.ca_file)})
    assert failed_by_tls(result, "certificate required")


async def test_an_old_tls_version_is_refused(
    probe: Probe, start_nginx: StartNginx, authority: Authority
) -> None:
    """`min_tls_version` is what the server has to offer at least."""
    nginx = start_nginx("ssl_protocols TLSv1.2;", certificate=authority.issue("old"))
    device = {"url": nginx.tls_url, "ca_file": str(authority.ca_file)}
    assert (await probe(device)).value("probe_tls_version_info", version="TLS 1.2") == 1
    assert failed_by_tls(await probe({**device, "min_tls_version": "TLS13"}), "no TLS")


async def test_http_on_the_other_end_is_a_tls_failure(
    probe: Probe,
    start_nginx: StartNginx,
    authority: Authority,
    tls_server: Callable[..., str],
) -> None:
    """TLS to a port that speaks plain http, and plain http to a TLS port, fail by different reasons."""
    url = start_nginx().url.replace("http", "https")
    assert failed_by_tls(await probe(url), "no TLS")
    url = tls_server(authority.issue("swapped"), lambda context: None)
    result = await probe(url.replace("https", "http"))
    assert result.value("probe_http_failure_reason", reason="protocol") == 1


async def test_a_name_that_tls_cannot_ask_for_is_a_tls_failure(
    probe: Probe, start_nginx: StartNginx, authority: Authority
) -> None:
    """A name may pass as a host's and be none that a certificate can have."""
    nginx = start_nginx(certificate=authority.issue("asked"))
    result = await probe({"url": nginx.tls_url, "server_name": "a..b"})
    assert failed_by_tls(result, "TLS cannot ask for 'a..b'")


async def test_a_connection_test_tells_how_long_the_certificate_is_good(
    start_nginx: StartNginx, authority: Authority
) -> None:
    """Version and day in one line."""
    certificate = authority.issue("told")
    nginx = start_nginx(certificate=certificate)
    device = HttpDevice(url=nginx.tls_url, ca_file=str(authority.ca_file))
    said = await (await Http(HttpConfig()).open(device)).test(make_context())
    assert said.endswith(f", TLS 1.3, certificate good until {certificate.not_after:%Y-%m-%d}")


@pytest.mark.parametrize(
    ("content", "field"),
    [(None, "ca_file"), ("", "ca_file"), ("nonsense", "ca_file"), (None, "cert_file")],
)
async def test_tls_files_that_cannot_be_used_are_refused_before_the_first_run(
    tmp_path: Path, content: str | None, field: str
) -> None:
    """A missing or broken file is a configuration error that names it."""
    path = tmp_path / "file.pem"
    if content is not None:
        path.write_text(content)
    fields: dict[str, Any] = {"url": "https://127.0.0.1/", field: str(path)}
    with pytest.raises(ConfigurationError, match=str(path)) as caught:
        Http(HttpConfig()).validate_device(HttpDevice.model_validate(fields))
    assert caught.value.field == field


def test_an_encrypted_key_needs_its_password(authority: Authority, tmp_path: Path) -> None:
    """Without password nobody is asked at the terminal: the refusal says what is missing."""
    from cryptography.hazmat.primitives import serialization as s

    client = authority.issue("locked", client=True)
    key = s.load_pem_private_key(client.key.read_bytes(), None)
    locked = s.BestAvailableEncryption(b"open sesame")
    (tmp_path / "locked.key").write_bytes(
        key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, locked)
    )
    files = {"cert_file": str(client.certificate), "key_file": str(tmp_path / "locked.key")}
    plugin = Http(HttpConfig())
    with pytest.raises(ConfigurationError, match="needs key_password"):
        plugin.validate_device(HttpDevice.model_validate({"url": "https://a/", **files}))
    plugin.validate_device(
        HttpDevice.model_validate({"url": "https://a/", **files, "key_password": "open sesame"})
    )


def test_contexts_are_shared_and_renewed_with_their_files(
    authority: Authority, tmp_path: Path
) -> None:
    """Equal options share a context; a changed file is read again, and one that vanished is no harm."""
    ca = tmp_path / "ca.pem"
    shutil.copy(authority.ca_file, ca)
    options = Options(str(ca), None, None, None, verify=True, min_version="TLS12")
    contexts = Contexts()
    first = contexts.get(options)
    assert contexts.get(options) is first
    stranger = Authority(tmp_path / "stranger", "Stranger")
    ca.write_bytes(ca.read_bytes() + stranger.ca_file.read_bytes())
    second = contexts.get(options)
    assert len(second.get_ca_certs()) == 2
    ca.unlink()
    assert contexts.get(options) is second


async def test_a_chain_s_first_expiry_is_that_of_any_of_its_certificates(
    authority: Authority, start_nginx: StartNginx
) -> None:
    """Sent along, an authority that expires before its servers is what the metric shows."""
    certificate = authority.issue("chained", lifetime=timedelta(days=30))
    certificate.certificate.write_bytes(
        certificate.certificate.read_bytes() + authority.ca_file.read_bytes()
    )
    nginx = start_nginx(certificate=certificate)
    result = await collect_once(Http, {"url": nginx.tls_url, "ca_file": str(authority.ca_file)})
    earliest = result.value("probe_ssl_earliest_cert_expiry")
    assert earliest < certificate.not_after.timestamp()
    assert earliest == result.value("probe_ssl_last_chain_expiry_timestamp_seconds")
