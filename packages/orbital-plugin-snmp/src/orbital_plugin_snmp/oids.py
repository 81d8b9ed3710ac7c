"""Object identifiers: text for people, BER content (X.690 8.19) for the wire and as keys.

A prefix in text is a prefix in BER, so whether a value stands below a column is one `startswith`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LARGEST: Final = 0xFFFFFFFF
"""A sub-identifier has 32 bits (RFC 2578 7.1.3)."""


def encode(text: str) -> bytes:
    """BER content of `1.3.6.1...`, a leading dot allowed.

    Raises:
        ValueError: It is not an OID.
    """
    try:
        parts = [int(part) for part in text.strip().removeprefix(".").split(".")]
    except ValueError:
        raise ValueError(f"{text!r} is not an OID; write numbers and dots") from None
    if len(parts) < 2 or parts[0] > 2 or (parts[0] < 2 and parts[1] > 39):
        raise ValueError(f"{text!r} is not an OID; it begins with two numbers, like 1.3")
    return encode_parts([parts[0] * 40 + parts[1], *parts[2:]])


def encode_parts(parts: Iterable[int]) -> bytes:
    """BER content of sub-identifiers: an index, or an OID whose first two are joined.

    Raises:
        ValueError: One is not in 0 to 2^32-1.
    """
    out = bytearray()
    for part in parts:
        if not 0 <= part <= LARGEST + 80:
            raise ValueError(f"{part} is not a sub-identifier; they go from 0 to {LARGEST}")
        for shift in (28, 21, 14, 7):
            if part >> shift:
                out.append(part >> shift & 0x7F | 0x80)
        out.append(part & 0x7F)
    return bytes(out)


def decode_parts(content: bytes) -> tuple[int, ...]:
    """Sub-identifiers of BER content; of a whole OID the first two are still joined.

    Raises:
        ValueError: It ends in the middle of a sub-identifier.
    """
    parts: list[int] = []
    value = 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if octet < 0x80:
            parts.append(value)
            value = 0
    if content and content[-1] >= 0x80:
        raise ValueError(f"OID {content[:40].hex()} ends in the middle of a number")
    return tuple(parts)


def text(content: bytes) -> str:
    """`1.3.6.1...` out of BER content; empty where there is nothing."""
    parts = decode_parts(content)
    if not parts:
        return ""
    first = min(parts[0] // 40, 2)
    return dotted((first, parts[0] - 40 * first, *parts[1:]))


def dotted(parts: Sequence[int]) -> str:
    """Numbers with dots between."""
    return ".".join(map(str, parts))


KEPT: Final = 200_000
"""OIDs of which there is one object."""
_shared: dict[bytes, bytes] = {}


def shared(oid: bytes) -> bytes:
    """One object for equal ones: what is kept of devices of one kind is mostly OIDs."""
    if len(_shared) >= KEPT:
        _shared.clear()
    return _shared.setdefault(oid, oid)
