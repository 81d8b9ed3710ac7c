"""The entry of a record in the index."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_sdk import Batch

START: Final = 32
"""Bits of a sequence number below the number of the start that assigned it."""


class Record(msgspec.Struct, gc=False, eq=False):
    """One record of the log, without its data."""

    first: int
    """Sequence number of its first batch."""
    batches: int
    samples: int
    size: int
    """Bytes."""
    written: int
    """Steady milliseconds."""
    oldest_ms: int
    """Milliseconds UTC of its oldest batch."""
    counts: array[int] | None
    """Samples of each batch; None if there is one batch."""
    live: int
    """Batches that some output still needs."""
    before: int = 0
    """Samples of all records before it, so that the samples of a range are a difference."""

    @property
    def stop(self) -> int:
        """The sequence number after its last batch."""
        return self.first + self.batches

    def between(self, start: int, stop: int) -> int:
        """Samples of the batches from `start` to `stop` that are in this record."""
        if self.counts is None or (start <= self.first and stop >= self.stop):
            return self.samples
        return sum(self.counts[max(0, start - self.first) : stop - self.first])

    def until(self, start: int, samples: int) -> int:
        """The end of the shortest range from `start` on with at least this many samples."""
        if self.counts is None:
            return self.stop
        sums = list(accumulate(self.counts[start - self.first :]))
        return min(self.stop, start + bisect_left(sums, samples) + 1)


def describe(batches: Sequence[Batch], *, first: int, size: int, written: int) -> Record:
    """The index entry of these batches."""
    counts = array("I", [b.samples for b in batches])
    oldest = min(b.ts for b in batches)
    several = counts if len(counts) > 1 else None
    return Record(first, len(counts), sum(counts), size, written, oldest, several, len(counts))
