"""The heads of nearly all responses, read without a detour: v1 or v2c, an id of four octets, no error."""

from __future__ import annotations

from typing import Final, NamedTuple

from orbital_plugin_snmp.wire.ber import INTEGER, OCTETS, SEQUENCE

RESPONSE: Final = 0xA2
FOUR: Final = b"\x02\x04"
"""Tag and length of a number of four octets."""
FRONT: Final = (INTEGER, 1, OCTETS)
"""Tag and length of the version, and behind it the tag of the community."""
NO_ERROR: Final = b"\x02\x01\x00\x02\x01\x00\x30"
"""Error status and index, both zero, and the tag of the list of varbinds."""


class Head(NamedTuple):
    """Of a usual response."""

    request_id: int
    begin: int
    """Where its varbinds begin; they reach to the message's end."""


def usual_head(data: bytes) -> Head | None:
    """The head, or None: then it takes the detour to find out what the message is, and what is wrong."""
    try:
        end, at = _inside(data, 1)
        front = data[at], data[at + 1], data[at + 3]
        if data[0] != SEQUENCE or front != FRONT or data[at + 2] > 1 or data[at + 4] > 0x7F:
            return None
        at += 5 + data[at + 4]
        if data[at] != RESPONSE:
            return None
        pdu_end, at = _inside(data, at + 1)
        if not data.startswith(FOUR, at) or not data.startswith(NO_ERROR, at + 6):
            return None
        list_end, begin = _inside(data, at + 13)
    except IndexError:
        return None
    if not len(data) == end == pdu_end == list_end:
        return None
    return Head(int.from_bytes(data[at + 2 : at + 6], "big"), begin)


def _inside(data: bytes, at: int) -> tuple[int, int]:
    """End and begin of the content whose length stands at `at`."""
    size, at = data[at], at + 1
    if size > 0x7F:
        octets = size & 0x7F
        size, at = int.from_bytes(data[at : at + octets], "big"), at + octets
    return at + size, at
