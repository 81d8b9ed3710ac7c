"""Certificates as the metrics describe them."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from orbital_plugin_http.certificates import LONGEST, read

DAY = dt.datetime(2030, 1, 2, tzinfo=dt.UTC)


def certificate(serial: int, hosts: list[str]) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CH"),
            x509.NameAttribute(NameOID.COMMON_NAME, "unit, 7"),
        ]
    )
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), serial)
        .not_valid_before(DAY - dt.timedelta(days=1))
        .not_valid_after(DAY)
    )
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def test_names_expiry_and_serial_are_written_as_blackbox_writes_them() -> None:
    """The most specific part of a name first; serial numbers in whole bytes; names joined by commas."""
    facts = read(certificate(0xABC, ["a.example", "b.example"]))
    assert facts.expires == DAY.timestamp()
    assert facts.subject == facts.issuer == r"CN=unit\, 7,C=CH"
    assert facts.serial == "0abc"
    assert facts.names == "a.example,b.example"
    assert len(facts.fingerprint) == 64


def test_a_long_list_of_names_is_cut_and_none_is_empty() -> None:
    """A certificate for hundreds of hosts makes no endless label."""
    assert len(read(certificate(1, [f"host-{i}.example" for i in range(500)])).names) == LONGEST
    assert read(certificate(1, [])).names == ""


def test_what_is_no_certificate_is_a_value_error() -> None:
    """A malformed certificate is said to be one, whatever is wrong with it."""
    for der in (b"", b"\x30\x03abc", certificate(1, [])[:-40]):
        with pytest.raises(ValueError, match=r".+"):
            read(der)
