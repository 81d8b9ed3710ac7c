"""The body of a write request in, samples out: the other end of the wire.

Most series of a request were in one before, with the same bytes of labels in front of their sample. So these
bytes are the key of what was made of them, and only a series that is new, or has no or more than one sample,
is looked into.
"""

from __future__ import annotations

import struct
from array import array
from collections import Counter
from itertools import compress
from typing import TYPE_CHECKING, Final, NamedTuple

from google.protobuf.message import DecodeError

from orbital_remote_write.known import KnownSeries
from orbital_remote_write.malformed import MalformedRequestError
from orbital_remote_write.remote_write_pb2 import PackedRequest, TimeSeries
from orbital_remote_write.wire import SAMPLE_HEAD, SAMPLE_SIZE, doubles, read_stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_sdk import Series

ZERO_HEAD: Final = b"\x12\x07\x10"
"""Of a sample whose value is 0, which protobuf leaves out."""
ZERO_SIZE: Final = 9
_ZERO: Final = SAMPLE_HEAD + bytes(8) + b"\x10"
_FIXED: Final = ((0, b"\x12"), (1, b"\x10"), (2, b"\t"), (11, b"\x10"))
"""Where the tags and the length of a sample stand."""
_VALUE: Final = 3
"""Where its value begins."""


class Decoded(NamedTuple):
    """Samples: `values[i]` of `series[i]` at `times[i]`. A series may stand more than once."""

    series: list[Series]
    values: array[float]
    """As they came, to the bit."""
    times: array[int]
    """Milliseconds UTC."""
    refused: Counter[str]
    """Samples that are left out, by reason."""
    problem: str
    """What is wrong with the first of these, for people."""


class Decoder:
    """Decodes requests; not for several threads at once.

    Args:
        known: The series that came before.
    """

    def __init__(self, known: KnownSeries | None = None) -> None:
        self._known = known or KnownSeries()

    def decode(self, body: bytes) -> Decoded:
        """The samples of one request.

        Args:
            body: Not compressed.

        Raises:
            MalformedRequestError
        """
        try:
            packed = list(PackedRequest.FromString(body).timeseries)
            return self._together(packed) or self._one_by_one(packed)
        except DecodeError as error:
            raise MalformedRequestError("the body is no remote write request") from error

    def _together(self, packed: Sequence[bytes]) -> Decoded | None:
        """The request, if the ends of its series are what they look like."""
        find, one_by_one = self._known.by_bytes().get, _Samples(self._known)
        series = [find(raw[:-SAMPLE_SIZE]) for raw in packed]
        ends = [raw[-SAMPLE_SIZE:] for raw in packed]
        unknown = [at for at, one in enumerate(series) if one is None]
        for at in unknown:
            raw = packed[at]
            if raw[-ZERO_SIZE:-6] == ZERO_HEAD and (one := find(raw[:-ZERO_SIZE])) is not None:
                series[at], ends[at] = one, _ZERO + raw[-6:]
            else:
                one_by_one.add(raw)
        if None in series:
            ends = list(compress(ends, series))
        pieces = _cut(ends)
        return None if pieces is None else one_by_one.after([*filter(None, series)], *pieces)

    def _one_by_one(self, packed: Sequence[bytes]) -> Decoded:
        samples = _Samples(self._known)
        for raw in packed:
            samples.add(raw)
        return samples.after([], array("d"), array("q"))


class _Samples:
    """Those of series that are looked into."""

    def __init__(self, known: KnownSeries) -> None:
        self._known = known
        self._series: list[Series] = []
        self._values = array("d")
        self._times = array("q")
        self._refused: Counter[str] = Counter()
        self._problem = ""

    def add(self, raw: bytes) -> None:
        """Raises DecodeError."""
        one = TimeSeries.FromString(raw)
        if one.histograms:
            self._refuse("native_histogram", len(one.histograms), "native histograms are not taken")
        if not one.samples:
            return
        try:
            series = self._known.learn(one)
        except ValueError as error:
            self._refuse("bad_label", len(one.samples), str(error))
            return
        for sample in one.samples:
            self._series.append(series)
            self._values.append(sample.value)
            self._times.append(sample.timestamp)

    def after(self, series: list[Series], values: array[float], times: array[int]) -> Decoded:
        """The others, then these."""
        return Decoded(
            series + self._series,
            values + self._values,
            times + self._times,
            self._refused,
            self._problem,
        )

    def _refuse(self, reason: str, count: int, problem: str) -> None:
        self._refused[reason] += count
        self._problem = self._problem or problem


def _cut(ends: list[bytes]) -> tuple[array[float], array[int]] | None:
    """Values and times of samples of `SAMPLE_SIZE` bytes; None where one is something else."""
    count, joined = len(ends), b"".join(ends)
    if any(joined[at::SAMPLE_SIZE] != tag * count for at, tag in _FIXED):
        return None
    stamps = struct.unpack("12x6s" * count, joined)
    known = {piece: read_stamp(piece) for piece in set(stamps)}
    if -1 in known.values():
        return None
    return _values(joined), array("q", [known[piece] for piece in stamps])


def _values(joined: bytes) -> array[float]:
    """The values of these samples: first all their first bytes, then all their second ones, and so on."""
    values = bytearray(len(joined) // SAMPLE_SIZE * 8)
    for at in range(8):
        values[at::8] = joined[_VALUE + at :: SAMPLE_SIZE]
    return doubles(array("d", bytes(values)))
