"""Selects the records of a page."""

from __future__ import annotations

from bisect import bisect_right
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orbital_buffer.model.record import Record

SIZE: Final = 1 << 20
"""Approximate bytes of records on a page."""
RECORDS: Final = 512
"""Maximum records on a page."""


def choose(records: Sequence[Record], start: int) -> tuple[list[Record], int | None]:
    """The records of the page that begins with this batch, and the start of the next page."""
    chosen: list[Record] = []
    size = 0
    for record in _since(records, start):
        if chosen and (size + record.size > SIZE or len(chosen) == RECORDS):
            return chosen, record.first
        chosen.append(record)
        size += record.size
    return chosen, None


def _since(records: Sequence[Record], start: int) -> Iterator[Record]:
    index = max(0, bisect_right(records, start, key=lambda record: record.first) - 1)
    return (record for record in islice(records, index, None) if record.stop > start)
