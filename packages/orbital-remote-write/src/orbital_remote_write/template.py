"""A run of consecutive series in a request, of which all bytes are known but values and times.

Senders repeat their series in the same order. A run that came before is recognized as a whole: one compiled
format cuts out values and time stamps, and the known bytes with these between them must equal the body.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate, pairwise
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_remote_write.wire import doubles, read_stamp, varint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_sdk import Series


_VALUE: Final = 8
"""Bytes of a value."""
_STAMP: Final = 7
"""Bytes of a time stamp with its tag."""
_TAG: Final = 0x10
"""Of a time stamp."""
_ZERO: Final = bytes(_VALUE)


class Run(NamedTuple):
    """A run in a request: `values[i]` of `series[i]` at `times[i]`."""

    series: Sequence[Series]
    values: array[float]
    times: array[int]
    size: int
    """Bytes."""


class Template:
    """A run of series, each with one sample whose time stamp has six bytes.

    Args:
        series: In their order.
    """

    __slots__ = ("_cut", "_ends", "_pieces", "_zeros", "series")

    def __init__(self, series: tuple[Series, ...]) -> None:
        self.series = series
        self._pieces: list[bytes] = []
        """What stands before each value, with room for it and its time stamp; nothing before `shape`."""
        self._ends = [0]
        """Where each series ends."""
        self._zeros: list[int] = []
        """Which of them have no value, as it is 0."""
        self._cut = _cutter(self._pieces, self._ends)

    def shape(self, packed: Sequence[bytes], zeros: Sequence[bool]) -> None:
        """Expect these bytes from now on.

        Args:
            packed: The bytes of each series.
            zeros: Whether its value is 0, which is left out.
        """
        heads = [_head(*pair) for pair in zip(packed, zeros, strict=True)]
        pairs = zip(heads, zeros, strict=True)
        sizes = [len(head) + _STAMP + (0 if zero else _VALUE) for head, zero in pairs]
        self._pieces = [b""] * (3 * len(heads))
        self._pieces[0::3] = heads
        self._ends = [*accumulate(sizes, initial=0)]
        self._zeros = [at for at, zero in enumerate(zeros) if zero]
        self._cut = _cutter(self._pieces, self._ends)

    def read(self, body: bytes, at: int, first: Series) -> Run | None:
        """The run from this series on, as far as the body goes; None where the bytes are others.

        Args:
            body: A request.
            at: Where this series begins.
            first: A series of the run.
        """
        if not self._pieces:
            return None
        start, ends = self.series.index(first), self._ends
        stop = bisect_right(ends, ends[start] + len(body) - at) - 1
        if start >= stop:
            return None
        size = ends[stop] - ends[start]
        if stop - start == len(self.series):
            fields = self._cut(body, at)
        else:  # what is missing is filled up: another format would cost more
            filled = bytes(ends[start]) + body[at : at + size] + bytes(ends[-1] - ends[stop])
            fields = self._cut(filled, 0)
        values, stamps, pieces = [*fields[0::2]], fields[1::2], self._pieces.copy()
        pieces[1::3], pieces[2::3] = values, stamps
        times = _times(stamps[start:stop])
        if times is None or not body.startswith(b"".join(pieces[3 * start : 3 * stop]), at):
            return None
        for zero in self._zeros:
            values[zero] = _ZERO
        there = doubles(array("d", b"".join(values[start:stop])))
        return Run(self.series[start:stop], there, times, size)


def _cutter(pieces: list[bytes], ends: list[int]) -> Callable[[bytes, int], tuple[bytes, ...]]:
    """Cuts out value and time stamp of each series. No bytes stand for a 0."""
    pairs = [(len(head), b - a) for head, (a, b) in zip(pieces[0::3], pairwise(ends), strict=True)]
    form = [f"{head}x{size - head - _STAMP}s{_STAMP}s" for head, size in pairs]
    return Struct(f"<{''.join(form)}").unpack_from


def _head(packed: bytes, zero: bool) -> bytes:  # noqa: FBT001 (of one column each)
    """All of a series that stands before its value, or before its time stamp where it has no value."""
    return b"\n" + varint(len(packed)) + packed[: -_STAMP if zero else -_STAMP - _VALUE]


def _times(stamps: tuple[bytes, ...]) -> array[int] | None:
    """The times of stamps with their tags; None where one is something else."""
    first = stamps[0]
    if stamps.count(first) == len(stamps):
        ts = _time(first)
        return None if ts < 0 else array("q", [ts]) * len(stamps)
    known = {stamp: _time(stamp) for stamp in {*stamps}}
    return None if -1 in known.values() else array("q", [known[stamp] for stamp in stamps])


@lru_cache(maxsize=64)
def _time(stamp: bytes) -> int:
    """Of a stamp; -1 where it is none. A request has few, those of its scrapes."""
    return read_stamp(stamp[1:]) if stamp[0] == _TAG else -1
