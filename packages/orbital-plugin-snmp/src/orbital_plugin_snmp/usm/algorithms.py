"""The protocols of SNMPv3 by the names that people write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

AuthProtocol = Literal["MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512"]
PrivProtocol = Literal["DES", "3DES", "AES", "AES192", "AES256", "AES192C", "AES256C"]
"""AES192 and AES256 make long keys as net-snmp does (Blumenthal), those with C as Cisco does (Reeder)."""


@dataclass(frozen=True, slots=True)
class Auth:
    """A way to authenticate."""

    digest: str
    """Name in `hashlib`."""
    size: int
    """Octets of the digest that travel (RFC 3414 6.3.1, RFC 7860 4.2.1)."""


AUTH: Final[dict[str, Auth]] = {
    "MD5": Auth("md5", 12),
    "SHA": Auth("sha1", 12),
    "SHA224": Auth("sha224", 16),
    "SHA256": Auth("sha256", 24),
    "SHA384": Auth("sha384", 32),
    "SHA512": Auth("sha512", 48),
}


@dataclass(frozen=True, slots=True)
class Priv:
    """A way to encrypt."""

    cipher: Literal["aes", "des", "3des"]
    key: int
    """Octets of the localized key."""
    reeder: bool = False
    """Lengthens a key that is too short by deriving the next part from the last, as from a password."""


PRIV: Final[dict[str, Priv]] = {
    "DES": Priv("des", 16),
    "3DES": Priv("3des", 32, reeder=True),
    "AES": Priv("aes", 16),
    "AES192": Priv("aes", 24),
    "AES256": Priv("aes", 32),
    "AES192C": Priv("aes", 24, reeder=True),
    "AES256C": Priv("aes", 32, reeder=True),
}


def plain(name: object) -> object:
    """A protocol's name in our spelling: `sha-256`, `SHA2-256`, `hmacSHA1` and `AES128` are known too."""
    if not isinstance(name, str):
        return name
    text = name.strip().upper().replace("-", "").replace("_", "").removeprefix("HMAC")
    text = text.replace("SHA2", "SHA", 1) if text.startswith("SHA2") and len(text) > 6 else text
    return _SAME.get(text, text)


_SAME: Final = {"SHA1": "SHA", "AES128": "AES", "TRIPLEDES": "3DES", "3DESEDE": "3DES"}
AUTH_NAMES: Final = get_args(AuthProtocol)
PRIV_NAMES: Final = get_args(PrivProtocol)
