"""Encoding of records: one record is one group commit of many batches.

    crc32 | version | segment, batches, written | snappy(heads | columns)

A head has 17 bytes per batch; in version 2, which is written if a batch has only a part of the rows of its
layout, 21. Columns are the raw values and, if a device gave its own, the timestamps, in the order of the
heads. All numbers are little endian. Layouts are stored separately, by number within a segment.
"""

from __future__ import annotations

import struct
import sys
from array import array
from itertools import accumulate, starmap
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeVar

from orbital_buffer.format.frame import compress, seal, uncompress, unseal
from orbital_buffer.model.damage import Damaged
from orbital_sdk import Batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orbital_sdk import Layout

VERSION: Final = 1
PARTS: Final = 2
"""The version of a record with parts of layouts."""
CELL: Final = 8
"""Bytes of one value or one time."""
_VERSION: Final = 4
"""Where the version stands in a record, behind its checksum."""
_FRAME: Final = struct.Struct("<IIq")
_HEADS: Final = {VERSION: struct.Struct("<IIqB"), PARTS: struct.Struct("<IIqBI")}
"""Of a batch, by version."""
_OWN_TIMES: Final = 1
_STALE: Final = 2

_Number = TypeVar("_Number", int, float)


class Head(NamedTuple):
    """The head of a batch in a record."""

    layout: int
    """Number of its layout within the segment."""
    rows: int
    ts: int
    """Milliseconds UTC of the collection."""
    flags: int
    start: int = 0
    """Index of its first row in the layout."""

    @property
    def size(self) -> int:
        """Bytes of its values and timestamps."""
        return self.rows * CELL * (2 if self.flags & _OWN_TIMES else 1)

    @property
    def samples(self) -> int:
        """Samples as counted by the ledger."""
        return 0 if self.flags & _STALE else self.rows


class Opened(NamedTuple):
    """A record with decoded heads."""

    version: int
    segment: int
    written: int
    """Steady milliseconds of its creation."""
    heads: tuple[Head, ...]
    offsets: tuple[int, ...]
    """Start of the columns of each batch, and the end of the last one."""
    columns: memoryview

    def fits(self, head: Head, layout: Layout) -> bool:
        """Whether a batch with this head can have been written with this layout."""
        if self.version == PARTS:
            return head.start + head.rows <= len(layout)
        return head.rows == len(layout)

    def batch(self, index: int, layout: Layout) -> Batch:
        """A batch of it.

        Args:
            index: Its place in the record.
            layout: The layout of its head's number, of which it may have a part.

        Raises:
            Damaged: It was written with another layout.
        """
        head, start = self.heads[index], self.offsets[index]
        if not self.fits(head, layout):
            raise Damaged(f"{head.rows} values, but its layout has {len(layout.rows)} rows")
        if self.version == PARTS:
            layout = layout.part(head.start, head.start + head.rows)
        middle = start + head.rows * CELL
        values = from_little(array("d"), self.columns[start:middle])
        times = None
        if head.flags & _OWN_TIMES:
            times = from_little(array("q"), self.columns[middle : self.offsets[index + 1]])
        return Batch(layout, head.ts, values, times, bool(head.flags & _STALE))


def encode(
    batches: Sequence[Batch], numbers: Iterable[int], *, segment: int, written: int
) -> bytes:
    """Encode a record.

    Args:
        batches: At least one.
        numbers: Numbers of the batches' whole layouts in this segment.
        segment: Its segment of the log.
        written: Current steady milliseconds.

    Raises:
        ValueError: A batch does not have one value (and timestamp) for each row, or a number does not fit.
    """
    whole = all(batch.layout is batch.layout.whole for batch in batches)
    version = VERSION if whole else PARTS
    pack = _HEADS[version].pack
    heads: list[bytes] = []
    columns: list[array[float] | array[int]] = []
    try:
        for batch, number in zip(batches, numbers, strict=True):
            check(batch)
            flags = _STALE if batch.stale else 0
            columns.append(to_little(batch.values))
            if batch.times is not None:
                flags |= _OWN_TIMES
                columns.append(to_little(batch.times))
            start = (batch.layout.start,) if version == PARTS else ()
            heads.append(pack(number, len(batch.values), batch.ts, flags, *start))
        frame = _FRAME.pack(segment, len(heads), written)
    except struct.error as error:
        raise ValueError(f"a number does not fit into a record: {error}") from error
    return seal(version, frame, compress(b"".join([*heads, *columns])))


def decode(data: bytes) -> Opened:
    """Decode a record.

    Raises:
        Damaged: The bytes are not what was written.
    """
    version = PARTS if data[_VERSION : _VERSION + 1] == bytes((PARTS,)) else VERSION
    body, head = unseal(version, data), _HEADS[version]
    if len(body) < _FRAME.size:
        raise Damaged(f"only {len(data)} bytes")
    segment, count, written = _FRAME.unpack_from(body)
    plain = memoryview(uncompress(body[_FRAME.size :]))
    split = count * head.size
    if len(plain) < split:
        raise Damaged(f"{count} batches do not fit into {len(plain)} bytes")
    heads = tuple(starmap(Head, head.iter_unpack(plain[:split])))
    offsets = tuple(accumulate([one.size for one in heads], initial=0))
    if offsets[-1] != len(plain) - split:
        raise Damaged(f"{len(plain) - split} bytes of values where {offsets[-1]} belong")
    return Opened(version, segment, written, heads, offsets, plain[split:])


def check(batch: Batch) -> None:
    """Check that a batch can be stored.

    Raises:
        ValueError: It does not have one value (and timestamp) for each row; the message names the task.
    """
    rows, values = len(batch.layout.rows), len(batch.values)
    if values != rows or (batch.times is not None and len(batch.times) != rows):
        times = "" if batch.times is None else f" and {len(batch.times)} times"
        task = batch.layout.origin.task
        raise ValueError(f"task {task!r}: {values} values{times} for {rows} series")


def to_little(
    column: array[_Number], byteorder: Literal["little", "big"] = sys.byteorder
) -> array[_Number]:
    """A column as stored; the same object on little-endian machines."""
    if byteorder == "little":
        return column
    swapped = column[:]
    swapped.byteswap()
    return swapped


def from_little(
    column: array[_Number],
    data: bytes | memoryview,
    byteorder: Literal["little", "big"] = sys.byteorder,
) -> array[_Number]:
    """Fill an empty column with stored data."""
    column.frombytes(data)
    if byteorder == "big":
        column.byteswap()
    return column
