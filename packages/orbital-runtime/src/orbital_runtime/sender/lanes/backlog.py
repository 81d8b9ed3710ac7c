"""Cuts a stretch of the backlog into requests of few series with many samples each.

In the order of the log a request of a large site has each series once, with all its labels. A stretch of many
requests, cut by task, has the same samples in a third of the bytes, and a destination parses a tenth. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_buffer.format.codec import CELL
from orbital_buffer.model.chunk import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orbital_buffer.model.chunk import Entry, Unsent

REQUESTS: Final = 20
"""Full requests in a stretch, at most."""
BATCHES: Final = 1000
"""Batches in a stretch, about, at most: acknowledged out of order, each may be a hole in the position."""


def stretch(waiting: Unsent, samples: int) -> int:
    """How many rows to read at once, where a full request has this many."""
    usual = waiting.samples // waiting.batches if waiting.batches else 0
    return max(samples, min(REQUESTS * samples, BATCHES * usual))


def requests(chunk: Chunk, samples: int, size: int) -> list[Chunk]:
    """The requests of this stretch, each no larger than allowed, or one batch.

    A series belongs to one task, and its samples stay in order. Tasks go by name: so what is left of a
    stretch after the first of its requests is cut into the very same others.
    """
    found: list[list[Entry]] = []
    rows, cells = samples + 1, 0
    for entry in sorted(
        chunk.entries, key=lambda entry: (entry.batch.layout.origin.task, entry.seq)
    ):
        more, wide = len(entry.batch), extent((entry,))
        if rows + more > samples or cells + wide > size:
            found.append([])
            rows = cells = 0
        found[-1].append(entry)
        rows, cells = rows + more, cells + wide
    return [_chunk(chunk.output, sorted(entries, key=lambda entry: entry.seq)) for entries in found]


def joined(chunks: Iterable[Chunk]) -> list[Entry]:
    """All entries, in the order of the log."""
    return sorted((e for chunk in chunks for e in chunk.entries), key=lambda entry: entry.seq)


def extent(entries: Iterable[Entry]) -> int:
    """Bytes of values and times."""
    return sum(len(b) * CELL * (1 if b.times is None else 2) for _, b in entries)


def _chunk(output: str, entries: Sequence[Entry]) -> Chunk:
    return Chunk(output, tuple(entries), sum(entry.batch.samples for entry in entries))
