"""Splits a range of the backlog into requests with few series and many samples of each. Pure.

In the order of the log, a request of a large site has each series once, with all its labels. Requests grouped
by task have the same samples in a third of the bytes, and cost the destination a tenth of the parsing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_buffer.format.codec import CELL
from orbital_buffer.model.chunk import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orbital_buffer.model.chunk import Entry, Unsent

REQUESTS: Final = 20
"""Maximum number of full requests in a range."""
BATCHES: Final = 1000
"""Approximate maximum of batches in a range: each may become a hole in the position."""


def stretch(waiting: Unsent, samples: int) -> int:
    """Rows to read at once, for full requests of `samples` rows."""
    usual = waiting.samples // waiting.batches if waiting.batches else 0
    return max(samples, min(REQUESTS * samples, BATCHES * usual))


def requests(chunk: Chunk, samples: int, size: int) -> list[Chunk]:
    """Split a range into requests within the limits, or of one batch.

    The samples of a series, which belongs to one task, stay in order. Tasks are sorted by name, so that the
    rest of a range is split into the same requests again.
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
    """Bytes of values and timestamps."""
    return sum(len(b) * CELL * (1 if b.times is None else 2) for _, b in entries)


def _chunk(output: str, entries: Sequence[Entry]) -> Chunk:
    return Chunk(output, tuple(entries), sum(entry.batch.samples for entry in entries))
