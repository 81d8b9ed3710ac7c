"""The few pieces of protobuf that a write request is made of (protobuf.dev, "Encoding")."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

SAMPLE_SIZE: Final = 18
"""Bytes of a sample with a time stamp of six: tag, length, tag, double, tag, varint."""
SAMPLE_HEAD: Final = b"\x12\x10\x09"
"""Tag and length of such a sample, and the tag of its value."""
ZERO_SIZE: Final = 9
"""Of such a sample whose value is 0, which protobuf leaves out."""
ZERO_HEAD: Final = b"\x12\x07\x10"
"""Tag and length of that, and the tag of its time stamp."""
FIRST: Final = 1 << 35
"""The first millisecond (3 February 1971) whose varint has six bytes."""
END: Final = 1 << 42
"""The first (15 May 2109) whose varint has seven."""


def varint(number: int) -> bytes:
    """A number of at least 0, seven bits a byte, the lowest first."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(tag: bytes, body: bytes) -> bytes:
    """Tag, length, body."""
    return tag + varint(len(body)) + body


def label(name: str, value: str) -> bytes:
    """One label of a series. What is not Unicode text (a lone surrogate) becomes `?`."""
    pair = field(b"\n", name.encode()) + field(b"\x12", value.encode(errors="replace"))
    return field(b"\n", pair)


def opening(labels: int, samples: int) -> bytes:
    """Tag and length of a series with so many bytes of labels and so many samples."""
    return b"\n" + varint(labels + samples * SAMPLE_SIZE)


def extent(body: bytes, at: int) -> tuple[int, int]:
    """Where the bytes of the series that stands here begin and end; 0 and 0 if none does, or a huge one."""
    head = body[at : at + 3]
    if len(head) < 3 or head[0] != 10 or head[1] & head[2] > 127:
        return 0, 0
    start, size = (at + 2, head[1]) if head[1] < 128 else (at + 3, head[1] - 128 + (head[2] << 7))
    return (start, start + size) if start + size <= len(body) else (0, 0)


def stamp(ts: int) -> bytes:
    """A sample's time stamp with its tag."""
    return b"\x10" + varint(ts)


def read_stamp(six: bytes) -> int:
    """The number of a varint that has exactly six bytes; -1 where these are not one."""
    if six[5] > 127 or min(six[:5]) < 128:
        return -1
    return sum([(byte & 127) << 7 * at for at, byte in enumerate(six)])


def six_bytes(times: Collection[int]) -> bool:
    """Whether each of these time stamps takes six bytes."""
    return not times or (min(times) >= FIRST and max(times) < END)


def doubles(values: array[float], byteorder: str = sys.byteorder) -> array[float]:
    """The values as the wire has them: little-endian, bit for bit."""
    if byteorder == "little":
        return values
    swapped = array("d", values)
    swapped.byteswap()
    return swapped
