"""What a writer said was delivered, against what its destination has."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from orbital_sdk.contract.batch import Batch

Stored = tuple[str, int, float]
"""A sample of a destination: metric name, milliseconds UTC, value."""


class Told:
    """The samples of all calls that a writer called successful, by what they were to show."""

    def __init__(self) -> None:
        self._samples: dict[str, list[Stored]] = {}

    def add(
        self, what: str, batches: Sequence[Batch], refused: Iterable[tuple[int, int]] = ()
    ) -> None:
        """All of these but the refused ones, which are given as batch and row."""
        without = set(refused)
        self._samples.setdefault(what, []).extend(
            (row.name, ts, value)
            for index, batch in enumerate(batches)
            for place, (row, ts, value) in enumerate(batch.items())
            if (index, place) not in without
        )

    def missing(self, stored: Iterable[Stored]) -> Iterator[str]:
        """A sentence for each kind of batch of which something is not there, bit by bit."""
        there = {_bits(sample) for sample in stored}
        for what, samples in self._samples.items():
            lost = [sample for sample in samples if _bits(sample) not in there]
            if lost:
                name, ts, value = lost[0]
                yield (
                    f"write() of {what} succeeded, and {len(lost)} of {len(samples)} samples are not at "
                    f"the destination, such as {name} = {value} at {ts}; deliver them, or name them as "
                    "refused so that they are counted"
                )

    def strange(self, before: Iterable[Stored], after: Iterable[Stored]) -> Iterator[str]:
        """A sentence, if a sample came to the destination that no call was given."""
        known = {_bits(sample) for sample in before}
        known |= {_bits(sample) for samples in self._samples.values() for sample in samples}
        new = [sample for sample in after if _bits(sample) not in known]
        if new:
            name, ts, value = new[0]
            yield (
                f"test_connection() stored a sample at the destination, {name} = {value} at {ts}; ask"
                " without writing any"
            )


def _bits(sample: Stored) -> tuple[str, int, bytes]:
    """Comparable even where the value is a NaN, whose payload makes it a stale marker. Zero has no sign."""
    name, ts, value = sample
    return name, ts, struct.pack("<d", value or 0.0)
