"""Whose answer a message is: the id that its request had, found without reading the rest."""

from __future__ import annotations

from typing import Final

from orbital_plugin_snmp.wire.ber import INTEGER, OCTETS, SEQUENCE, expect, header, read_integer
from orbital_plugin_snmp.wire.community import V3

FOUR: Final = b"\x02\x04"
"""Tag and length of a number of four octets."""


def identify(data: bytes) -> int:
    """Request id of a message of v1 or v2c, message id of one of v3.

    Raises:
        WireError: It is no such message.
    """
    fast = _usual(data)
    if fast:
        return fast
    begin, end = expect(data, 0, len(data), SEQUENCE, "message")
    version, at = read_integer(data, begin, end, "version")
    if version == V3:
        at, end = expect(data, at, end, SEQUENCE, "header of v3")
    else:
        _, at = expect(data, at, end, OCTETS, "community")
        _, at, end = header(data, at, end)
    return read_integer(data, at, end, "id")[0]


def _usual(data: bytes) -> int:
    """The id of a whole message of v1 or v2c with an id of four octets, as all of ours have; else 0."""
    try:
        at = 2 if data[1] < 0x80 else 2 + (data[1] & 0x7F)
        if data[at] != INTEGER or data[at + 1] != 1 or data[at + 2] > 1 or data[at + 4] >= 0x80:
            return 0
        at += 6 + data[at + 4]  # behind the tag of the PDU
        at += 1 if data[at] < 0x80 else 1 + (data[at] & 0x7F)
        if data[at : at + 2] != FOUR or len(data) < at + 6:
            return 0
    except IndexError:
        return 0
    return int.from_bytes(data[at + 2 : at + 6], "big")
