"""What a server's certificates say, read once each and remembered."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

if TYPE_CHECKING:
    import ssl


LONGEST: Final = 1000
"""Characters of a list of names that fit into a label."""


class Facts(NamedTuple):
    """One certificate."""

    expires: float
    """Seconds UTC."""
    fingerprint: str
    subject: str
    issuer: str
    names: str
    serial: str


class Chain(NamedTuple):
    """What came with a handshake."""

    earliest_expiry: float
    """Seconds UTC at which the first certificate that the server sent expires."""
    verified_expiry: float | None
    """Seconds UTC at which the first one of the verified chain expires; None where none was verified."""
    leaf: Facts


def chain_of(sock: ssl.SSLSocket) -> Chain | None:
    """The chain of a connection; None where it cannot be read."""
    sent = _chain(sock, "get_unverified_chain") or _leaf_only(sock)
    if not sent:
        return None
    verified = _chain(sock, "get_verified_chain") if sock.context.verify_mode else ()
    try:
        facts = [read(der) for der in sent]
        until = min((read(der).expires for der in verified), default=None)
    except ValueError:
        return None
    return Chain(min(fact.expires for fact in facts), until, facts[0])


def _chain(sock: ssl.SSLSocket, method: str) -> tuple[bytes, ...]:
    """Public from Python 3.13 on; before that, the same on the object inside."""
    public = getattr(sock, method, None)
    if public is not None:
        return tuple(public())
    inner = getattr(cast("Any", sock)._sslobj, method, None)  # noqa: SLF001 (nowhere else before 3.13)
    return tuple(_der(c) for c in inner() or ()) if inner else ()


def _der(certificate: Any) -> bytes:
    import _ssl  # noqa: PLC0415 (Python 3.11 and 3.12 only)

    return cast("bytes", certificate.public_bytes(cast("Any", _ssl).ENCODING_DER))


def _leaf_only(sock: ssl.SSLSocket) -> tuple[bytes, ...]:
    der = sock.getpeercert(binary_form=True)
    return () if der is None else (der,)


@lru_cache(maxsize=2048)
def read(der: bytes) -> Facts:
    """The facts of a certificate in DER.

    Raises:
        ValueError: It is malformed.
    """
    from cryptography import x509  # noqa: PLC0415 (only https needs it)

    certificate = x509.load_der_x509_certificate(der)
    return Facts(
        certificate.not_valid_after_utc.timestamp(),
        hashlib.sha256(der).hexdigest(),
        certificate.subject.rfc4514_string(),
        certificate.issuer.rfc4514_string(),
        ",".join(_names(certificate))[:LONGEST],
        _hex(certificate.serial_number),
    )


def _hex(number: int) -> str:
    """Whole bytes, as blackbox_exporter writes serial numbers."""
    digits = f"{number:x}"
    return digits if len(digits) % 2 == 0 else f"0{digits}"


def _names(certificate: Any) -> list[str]:
    from cryptography import x509  # noqa: PLC0415 (as above)

    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return []  # no names, or none that can be read
    return cast("list[str]", extension.value.get_values_for_type(x509.DNSName))
