"""Keys out of passwords (RFC 3414 2.6 and A.2)."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final

_MEBIBYTE: Final = 1 << 20


@lru_cache(maxsize=256)
def master_key(digest: str, password: bytes) -> bytes:
    """Digest of the password, repeated to a mebibyte. Takes milliseconds, so the last ones are kept."""
    repeated = password * (_MEBIBYTE // len(password) + 1)
    return hashlib.new(digest, repeated[:_MEBIBYTE], usedforsecurity=True).digest()


def localized(digest: str, key: bytes, engine_id: bytes) -> bytes:
    """The key that is good for one device only."""
    return hashlib.new(digest, key + engine_id + key).digest()


def lengthened(digest: str, key: bytes, engine_id: bytes, size: int, *, reeder: bool) -> bytes:
    """A localized key of at least `size` octets, cut to it.

    Args:
        digest: Name in `hashlib`.
        key: Localized already.
        engine_id: Of the device.
        size: Octets that the cipher wants.
        reeder: By draft-reeder-snmpv3-usm-3desede-00, as Cisco does; else by
            draft-blumenthal-aes-usm-04, as net-snmp does.
    """
    last = key
    while len(key) < size:
        if reeder:
            last = localized(digest, master_key(digest, last), engine_id)
            key += last
        else:
            key += hashlib.new(digest, key).digest()
    return key[:size]
