"""Values as the text of a label, each kind as snmp_exporter's users know it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.tables.hints import written
from orbital_plugin_snmp.tables.times import date_and_time
from orbital_sdk.text import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orbital_plugin_snmp.profiles.words import TextKind

Raw = int | float | bytes | None

LONGEST: Final = 4096
"""Bytes of a label's value that are kept at most. The agent cuts it to what its own limit says, and counts
that."""
OBJECT_IDENTIFIER: Final = 0x06
IP_ADDRESS: Final = 0x40
_CONTROL: Final = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127], "\ufffd")


def text_of(
    value: Raw, tag: int, kind: TextKind, enum: Mapping[int, str] | None = None, hint: str = ""
) -> str:
    """A value as a label's text; empty (no label at all) where there is no value.

    Args:
        value: As the wire had it: a number, or the content of a string, OID or address.
        tag: Its BER tag, which tells an OID and an IpAddress from other octets.
        kind: What the profile says it is.
        enum: Names of numbers, or of bits.
        hint: DISPLAY-HINT of octets.
    """
    if value is None:
        return ""
    if not isinstance(value, bytes):
        return (enum or {}).get(whole(value)) or number(value)
    if kind == "Bits" and enum:
        return ",".join(name for bit, name in sorted(enum.items()) if is_set(value, bit))
    return clean(written(value, hint) if hint else _octets(value, tag, kind))


def _octets(value: bytes, tag: int, kind: TextKind) -> str:
    if tag == OBJECT_IDENTIFIER:
        return identifier(value)
    return address_v4(value) if tag == IP_ADDRESS else _OCTETS.get(kind, hexadecimal)(value)


def whole(value: float) -> int:
    """The number without its fraction; -1 for what has none (infinities), which no enum names."""
    return int(value) if math.isfinite(value) else -1


def number(value: float) -> str:
    """Shortest decimal form; whole numbers without a point."""
    return str(int(value)) if value == value // 1 and abs(value) < 1 << 64 else repr(float(value))


def clean(text: str) -> str:
    """Without trailing NULs and control characters, and not longer than a label may be."""
    return cut(text.rstrip("\0").translate(_CONTROL), LONGEST)


def display(value: bytes) -> str:
    """Characters; what is not UTF-8 becomes U+FFFD."""
    return value[: LONGEST + 4].decode("utf-8", "replace")


def identifier(value: bytes) -> str:
    """`1.3.6.1...`; in hexadecimal where it ends in the middle of a number."""
    try:
        return oids.text(value)
    except ValueError:
        return hexadecimal(value)


def hexadecimal(value: bytes) -> str:
    """`0x0A1B`; nothing for no octets."""
    return "0x" + value[:LONGEST].hex().upper() if value else ""


def physical(value: bytes) -> str:
    """`00:1B:21:3C:9D:F8`; a shorter or empty one is filled with zeros, as snmp_exporter does."""
    return value[:LONGEST].ljust(6, b"\0").hex(":").upper()


def address_v4(value: bytes) -> str:
    """`192.0.2.1`; of another length than 4, in hexadecimal."""
    return ".".join(map(str, value)) if len(value) == 4 else hexadecimal(value)


def address_v6(value: bytes) -> str:
    """All eight groups, as snmp_exporter writes them; of another length than 16, in hexadecimal."""
    if len(value) != 16:
        return hexadecimal(value)
    return value.hex(":", 2).upper()


def address(value: bytes) -> str:
    """By its length: IPv4, IPv6, or either with a zone of four octets (RFC 4001)."""
    if len(value) in (8, 20):
        return f"{address(value[:-4])}%{int.from_bytes(value[-4:], 'big')}"
    return address_v6(value) if len(value) == 16 else address_v4(value)


def is_set(value: bytes, bit: int) -> bool:
    """Whether a bit of `BITS` is set; bit 0 is the highest of the first octet (RFC 2578 7.1.4)."""
    return bit >> 3 < len(value) and bool(value[bit >> 3] & 0x80 >> (bit & 7))


def _moment(value: bytes) -> str:
    seconds = date_and_time(value)
    return hexadecimal(value) if seconds is None else number(seconds)


_OCTETS: Final[Mapping[str, Callable[[bytes], str]]] = {
    "DisplayString": display,
    "Enum": display,
    "gauge": display,
    "OctetString": hexadecimal,
    "Bits": hexadecimal,
    "PhysAddress48": physical,
    "InetAddressIPv4": address_v4,
    "InetAddressIPv6": address_v6,
    "InetAddress": address,
    "InetAddressMissingSize": address,
    "ObjectIdentifier": hexadecimal,
    "DateAndTime": _moment,
}
