"""Digest authentication (RFC 7616), with the server's nonce kept from one request to the next."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SCHEME: Final = re.compile(r"(?:^|[\s,])digest\s", re.IGNORECASE)
_PAIR: Final = re.compile(r'([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', re.IGNORECASE)
_HASHES: Final = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


class Challenge(NamedTuple):
    """What the server wants."""

    realm: str
    nonce: str
    algorithm: str
    opaque: str | None
    qop: bool
    """Whether it takes `qop=auth`; if not, the old form of RFC 2069 is meant."""
    stale: bool

    def digest(self, text: str) -> str:
        name = _HASHES[self.algorithm.upper().removesuffix("-SESS")]
        return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


def challenge(header: str) -> Challenge | None:
    """The first challenge in a WWW-Authenticate header that we can meet."""
    return next(filter(None, map(_challenge, _parts(header))), None)


def _parts(header: str) -> Iterator[Mapping[str, str]]:
    for part in _SCHEME.split(header)[1:]:
        pairs: dict[str, str] = {}
        for name, quoted, plain in _PAIR.findall(part):
            pairs.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) or plain)
        yield pairs


def _challenge(pairs: Mapping[str, str]) -> Challenge | None:
    algorithm = pairs.get("algorithm", "MD5")
    qops = [qop.strip().lower() for qop in pairs.get("qop", "").split(",")]
    known = algorithm.upper().removesuffix("-SESS") in _HASHES
    if not known or "nonce" not in pairs or not {"", "auth"} & set(qops):
        return None
    stale = pairs.get("stale", "").lower() == "true"
    return Challenge(
        pairs.get("realm", ""),
        pairs["nonce"],
        algorithm,
        pairs.get("opaque"),
        "auth" in qops,
        stale,
    )


class Digest:
    """One user's side, for requests one after the other."""

    def __init__(self, username: str, password: str) -> None:
        self._username = username
        self._password = password
        self._challenge: Challenge | None = None
        self._count = 0

    def learn(self, header: str) -> bool:
        """Take the challenge of a 401. False where another try cannot help.

        That is so where it is not a digest challenge, or where the credentials were refused under a nonce
        that was new.
        """
        new = challenge(header)
        refused = self._count == 1 and new is not None and not new.stale
        self._challenge, self._count = new, 0
        return new is not None and not refused

    def header(self, method: str, target: str, cnonce: str | None = None) -> str | None:
        """The Authorization header's value; None as long as there was no challenge."""
        asked = self._challenge
        if asked is None:
            return None
        self._count += 1
        cnonce = cnonce or secrets.token_hex(8)
        count = f"{self._count:08x}"
        secret = asked.digest(f"{self._username}:{asked.realm}:{self._password}")
        if asked.algorithm.upper().endswith("-SESS"):
            secret = asked.digest(f"{secret}:{asked.nonce}:{cnonce}")
        middle = f"{asked.nonce}:{count}:{cnonce}:auth" if asked.qop else asked.nonce
        response = asked.digest(f"{secret}:{middle}:{asked.digest(f'{method}:{target}')}")
        fields = {
            "username": self._username, "realm": asked.realm, "nonce": asked.nonce,
            "uri": target, "response": response,
        }  # fmt: skip
        if asked.opaque is not None:
            fields["opaque"] = asked.opaque
        if asked.qop:
            fields["cnonce"] = cnonce
        text = ", ".join(f'{name}="{_quoted(value)}"' for name, value in fields.items())
        bare = f", algorithm={asked.algorithm}" + (f", qop=auth, nc={count}" if asked.qop else "")
        return f"Digest {text}{bare}"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
