"""Tags, lengths and contents, written and read within bounds."""

from __future__ import annotations

from typing import Final

SEQUENCE: Final = 0x30
INTEGER: Final = 0x02
OCTETS: Final = 0x04


class WireError(ValueError):
    """Bytes that are not SNMP; the message says where it went wrong."""


def length(size: int) -> bytes:
    """A length, as short as it can be."""
    if size < 0x80:
        return bytes((size,))
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


def tlv(tag: int, content: bytes) -> bytes:
    """Tag, length and content."""
    return bytes((tag,)) + length(len(content)) + content


def integer(number: int) -> bytes:
    """INTEGER, whole."""
    return tlv(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def header(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Read tag and length at `at`.

    Returns:
        Tag, and where the content begins and ends; that is never behind `end`.

    Raises:
        WireError: Cut off, longer than what is around it, or of indefinite length.
    """
    if at + 2 > end:
        raise WireError(f"cut off at octet {at}")
    tag, size = data[at], data[at + 1]
    at += 2
    if size > 0x7F:
        octets = size & 0x7F
        if not 1 <= octets <= 4 or at + octets > end:
            raise WireError(f"impossible length at octet {at - 1}")
        size = int.from_bytes(data[at : at + octets], "big")
        at += octets
    if at + size > end:
        raise WireError(f"{size} octets announced at octet {at}, {max(0, end - at)} are there")
    return tag, at, at + size


def expect(data: bytes, at: int, end: int, tag: int, what: str) -> tuple[int, int]:
    """Read a header that has to have this tag; returns begin and end of the content."""
    found, begin, stop = header(data, at, end)
    if found != tag:
        raise WireError(f"no {what} at octet {at}, but tag 0x{found:02x}")
    return begin, stop


def read_integer(data: bytes, at: int, end: int, what: str) -> tuple[int, int]:
    """Read a whole INTEGER of up to 64 bits; returns it and where it ends."""
    begin, stop = expect(data, at, end, INTEGER, what)
    if not 1 <= stop - begin <= 9:
        raise WireError(f"{what} of {stop - begin} octets")
    return int.from_bytes(data[begin:stop], "big", signed=True), stop
