"""The metrics of a probe: blackbox_exporter's names and meanings, and a reason for failures."""

from __future__ import annotations

import ipaddress
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from orbital_sdk import Metric, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_plugin_http.failure import Reason
    from orbital_plugin_http.trace import Trace


class ProbeMetrics:
    """Declared here, found by the plugin's class."""

    success = Metric("probe_success", "Whether the probe was a success")
    duration = Metric("probe_duration_seconds", "How long the probe took", unit="seconds")
    timeout = Metric("probe_timeout_seconds", "How long it may have taken", unit="seconds")
    lookup = Metric(
        "probe_dns_lookup_time_seconds", "Time of the first name look-up", unit="seconds"
    )
    ip_protocol = Metric("probe_ip_protocol", "IP version: 4, 6, or 0 where no address was found")
    ip_hash = Metric("probe_ip_addr_hash", "Hash of the IP address, to see when it changes")
    status = Metric("probe_http_status_code", "Status code of the last response, 0 without one")
    phase = Metric(
        "probe_http_duration_seconds",
        "Time by phase, summed over all redirects",
        unit="seconds",
        labels=("phase",),
    )
    content_length = Metric(
        "probe_http_content_length", "Content-Length of the response, -1 without one", unit="bytes"
    )
    body_length = Metric(
        "probe_http_uncompressed_body_length", "Length of the body, decompressed", unit="bytes"
    )
    redirects = Metric("probe_http_redirects", "Redirects that were followed")
    ssl = Metric("probe_http_ssl", "Whether the last response came over TLS")
    version = Metric("probe_http_version", "HTTP version of the last response")
    regex_failed = Metric(
        "probe_failed_due_to_regex", "Whether the body failed a regular expression"
    )
    last_modified = Metric(
        "probe_http_last_modified_timestamp_seconds", "Last-Modified header", unit="seconds"
    )
    earliest_expiry = Metric(
        "probe_ssl_earliest_cert_expiry",
        "When the first certificate of the server's chain expires",
        unit="seconds",
    )
    chain_expiry = Metric(
        "probe_ssl_last_chain_expiry_timestamp_seconds",
        "When the first certificate of the verified chain expires",
        unit="seconds",
    )
    chain_info = Metric(
        "probe_ssl_last_chain_info",
        "The server's own certificate",
        labels=("fingerprint_sha256", "subject", "issuer", "subjectalternative", "serialnumber"),
    )
    tls_version = Metric("probe_tls_version_info", "TLS version", labels=("version",))
    tls_cipher = Metric("probe_tls_cipher_info", "TLS cipher", labels=("cipher",))
    reason = Metric(
        "probe_http_failure_reason",
        "1 under the reason for which the probe failed; nothing if it did not",
        labels=("reason",),
    )


PHASES: Final = ("resolve", "connect", "tls", "processing", "transfer")
_M = ProbeMetrics
_ALWAYS: Final = (
    _M.success.series(), _M.duration.series(), _M.timeout.series(), _M.lookup.series(),
    _M.ip_protocol.series(), _M.ip_hash.series(), _M.status.series(),
    *[_M.phase.series(phase) for phase in PHASES],
    _M.content_length.series(), _M.body_length.series(), _M.redirects.series(), _M.ssl.series(),
    _M.version.series(), _M.regex_failed.series(),
)  # fmt: skip


def samples_of(trace: Trace, timeout: float, reason: Reason | None = None) -> list[Sample]:
    """Everything a probe has to tell, however far it got. `timeout` is what it was given, in seconds."""
    t = trace
    values = (
        0 if reason else 1, t.seconds, timeout, t.lookup, t.family, ip_hash(t.address), t.status,
        t.resolve, t.connect, t.tls, t.processing, t.transfer,
        t.content_length, t.body_length, t.redirects, int(t.secure), t.version,
        int(t.pattern_failed),
    )  # fmt: skip
    samples = list(map(Sample, _ALWAYS, values))
    if reason:
        samples.append(_M.reason(1, reason.value))
    if t.last_modified and (when := http_date(t.last_modified)) is not None:
        samples.append(_M.last_modified(when))
    if t.secure or t.chain:
        samples += _of_tls(t)
    return samples


def _of_tls(trace: Trace) -> Iterator[Sample]:
    if trace.tls_version:
        yield _M.tls_version(1, trace.tls_version)
        yield _M.tls_cipher(1, trace.cipher)
    if (chain := trace.chain) is None:
        return
    leaf = chain.leaf
    yield _M.earliest_expiry(chain.earliest_expiry)
    if chain.verified_expiry is not None:
        yield _M.chain_expiry(chain.verified_expiry)
    yield _M.chain_info(1, leaf.fingerprint, leaf.subject, leaf.issuer, leaf.names, leaf.serial)


@lru_cache(maxsize=4096)
def ip_hash(address: str) -> int:
    """32-bit FNV-1a of the address's bytes, as blackbox_exporter computes it; 0 for no address."""
    if not address:
        return 0
    value = 2_166_136_261
    for byte in ipaddress.ip_address(address.partition("%")[0]).packed:
        value = (value ^ byte) * 16_777_619 & 0xFFFF_FFFF
    return value


@lru_cache(maxsize=1024)
def http_date(text: str) -> float | None:
    """Seconds UTC of an HTTP date; None where it is none."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
