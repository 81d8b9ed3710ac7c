"""The body of a write request in, samples out: the other end of the wire.

Runs of series that came before in the same order are cut as a whole (see `templates`). Of what stands between
them, most series were in a request before, with the same bytes of labels in front of their sample. So these
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
from orbital_remote_write.wire import (
    SAMPLE_HEAD,
    SAMPLE_SIZE,
    ZERO_HEAD,
    ZERO_SIZE,
    doubles,
    read_stamp,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orbital_sdk import Series

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
        self.known = known or KnownSeries()

    def decode(self, body: bytes) -> Decoded:
        """The samples of one request.

        Args:
            body: Not compressed.

        Raises:
            MalformedRequestError
        """
        self.known.turn()
        samples, templates, at = _Samples(self.known), self.known.templates, 0
        try:
            while at < len(body):
                begin, run = templates.next(body, at)
                self._between(body[at:begin], samples, ends=run is not None)
                at = begin
                if run is not None:
                    samples.extend(run.series, run.values, run.times)
                    at += run.size
        except DecodeError as error:
            raise MalformedRequestError("the body is not a remote write request") from error
        return samples.decoded()

    def _between(self, body: bytes, samples: _Samples, *, ends: bool) -> None:
        """Series that stand in no known run.

        Args:
            body: Their bytes.
            samples: Takes their samples.
            ends: Whether a run follows.
        """
        if not body:
            return
        packed = list(PackedRequest.FromString(body).timeseries)
        found = self._find(packed)
        columns = _cut([*compress(found.samples, found.series)])
        if columns is None:
            samples.look_into(packed)
            return
        samples.extend([one for one in found.series if one is not None], *columns)
        samples.look_into(
            [raw for raw, one in zip(packed, found.series, strict=True) if one is None]
        )
        self.known.templates.learn(found.series, packed, found.zeros, ends=ends)

    def _find(self, packed: Sequence[bytes]) -> _Found:
        find = self.known.by_bytes.get
        series = [find(raw[:-SAMPLE_SIZE]) for raw in packed]
        samples = [raw[-SAMPLE_SIZE:] for raw in packed]
        zeros: set[int] = set()
        for at in [at for at, one in enumerate(series) if one is None]:
            raw = packed[at]
            if raw[-ZERO_SIZE:-6] == ZERO_HEAD and (one := find(raw[:-ZERO_SIZE])) is not None:
                series[at], samples[at] = one, _ZERO + raw[-6:]
                zeros.add(at)
        return _Found(series, samples, zeros)


class _Found(NamedTuple):
    """Series of a request."""

    series: list[Series | None]
    """None where it is not known, or has not one sample."""
    samples: list[bytes]
    """What seems to be its sample, the value written out."""
    zeros: set[int]
    """Which of them have no value in the request."""


class _Samples:
    """The samples of a request."""

    def __init__(self, known: KnownSeries) -> None:
        self._known = known
        self._series: list[Series] = []
        self._values = array("d")
        self._times = array("q")
        self._refused: Counter[str] = Counter()
        self._problem = ""

    def extend(self, series: Sequence[Series], values: array[float], times: array[int]) -> None:
        self._series += series
        self._values += values
        self._times += times

    def look_into(self, packed: Iterable[bytes]) -> None:
        """Add what these series have, one after the other. Raises DecodeError."""
        for raw in packed:
            self._add(TimeSeries.FromString(raw))

    def decoded(self) -> Decoded:
        return Decoded(self._series, self._values, self._times, self._refused, self._problem)

    def _add(self, one: TimeSeries) -> None:
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
