"""Values that are not on the short road: long headers, opaque numbers, odd lengths."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp.wire import smi

if TYPE_CHECKING:
    from orbital_plugin_snmp.wire.smi import Value

UNSIGNED_32: Final = frozenset({smi.COUNTER32, smi.GAUGE32, smi.TIME_TICKS})
UNSIGNED: Final = UNSIGNED_32 | {smi.COUNTER64}
_FLOAT, _DOUBLE = Struct(">f"), Struct(">d")
_OPAQUE: Final = b"\x9f"
"""First octet of the tag that net-snmp puts into an Opaque; the next one says which number it is."""
NOTHING: Final = (smi.NULL, None)


def value(tag: int, content: bytes) -> tuple[int, Value]:
    """Tag and value of any content. What its type cannot hold has no value, rather than a wrong one.

    A Gauge32 above 2^31 that comes in four octets, as some devices send it, is the number they mean.
    """
    if tag == smi.INTEGER:
        return _signed(tag, content)
    if tag in UNSIGNED:
        return _unsigned(tag, content)
    if tag == smi.OPAQUE and content[:1] == _OPAQUE and len(content) > 2:
        return _opaque(content)
    if tag in smi.EXCEPTIONS:
        return tag, None
    if tag == smi.IP_ADDRESS and len(content) != 4:
        return smi.OCTET_STRING, content
    return tag, content


def _signed(tag: int, content: bytes) -> tuple[int, Value]:
    if not 1 <= len(content) <= 8:
        return NOTHING
    return tag, int.from_bytes(content, "big", signed=True)


def _unsigned(tag: int, content: bytes) -> tuple[int, Value]:
    number = int.from_bytes(content, "big")
    most = 1 << 32 if tag in UNSIGNED_32 else 1 << 64
    return (tag, number) if content and number < most else NOTHING


def _opaque(content: bytes) -> tuple[int, Value]:
    """Float, double, and 64-bit numbers, each with a tag and a length of its own."""
    kind, size, inner = content[1], content[2], content[3:]
    if size == len(inner):
        if kind == 0x78 and size == 4:
            return smi.FLOAT, _FLOAT.unpack(inner)[0]
        if kind == 0x79 and size == 8:
            return smi.DOUBLE, _DOUBLE.unpack(inner)[0]
        if kind in (0x76, 0x7B):
            return _unsigned(smi.COUNTER64, inner)
        if kind == 0x7A:
            return _signed(smi.INTEGER, inner)
    return smi.OPAQUE, content
