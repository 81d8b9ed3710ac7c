"""A user, and what its passwords become at one device."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from orbital_plugin_snmp.usm.algorithms import AUTH, PRIV
from orbital_plugin_snmp.usm.ciphers import privacy
from orbital_plugin_snmp.usm.keys import lengthened, localized, master_key

if TYPE_CHECKING:
    from orbital_plugin_snmp.usm.ciphers import Privacy


@dataclass(frozen=True, slots=True)
class User:
    """Who asks, and how. Empty protocols are not used."""

    name: str
    auth: str = ""
    """A name of `AUTH`."""
    auth_password: bytes = field(default=b"", repr=False)
    priv: str = ""
    """A name of `PRIV`."""
    priv_password: bytes = field(default=b"", repr=False)
    context: str = ""

    @property
    def flags(self) -> int:
        """Of a message: authenticated (1), encrypted (2)."""
        return bool(self.auth) | bool(self.priv) << 1


class Keys:
    """A user's keys at one device."""

    def __init__(self, user: User, engine_id: bytes) -> None:
        protocol = AUTH[user.auth] if user.auth else None
        self.size = protocol.size if protocol else 0
        """Octets of a signature."""
        self.privacy: Privacy | None = None
        self._digest, self._key = "", b""
        if protocol is not None:
            self._digest = protocol.digest
            self._key = _localized(protocol.digest, user.auth_password, engine_id)
        if user.priv:
            kind, digest = PRIV[user.priv], self._digest
            key = _localized(digest, user.priv_password, engine_id)
            key = lengthened(digest, key, engine_id, kind.key, reeder=kind.reeder)
            self.privacy = privacy(kind, key)

    def sign(self, message: bytes) -> bytes:
        """Signature of a message whose own place for it is zero."""
        return hmac.digest(self._key, message, self._digest)[: self.size]


@lru_cache(maxsize=1024)
def _localized(digest: str, password: bytes, engine_id: bytes) -> bytes:
    return localized(digest, master_key(digest, password), engine_id)
