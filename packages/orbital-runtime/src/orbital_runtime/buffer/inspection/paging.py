"""Records of an open buffer, a page at a time, for somebody who looks at it from outside.

The one who asks decodes them: an agent only hands out bytes, so looking never holds it up.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import islice
from typing import TYPE_CHECKING, Final

from orbital_runtime.buffer.inspection.snapshot import Page, stored_of
from orbital_runtime.buffer.model.damage import Damaged

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from orbital_runtime.buffer.inspection.snapshot import Books, Stored
    from orbital_runtime.buffer.model.index import LogIndex
    from orbital_runtime.buffer.model.record import Record

    Load = Callable[[Sequence[Record]], Awaitable[Mapping[int, bytes | Damaged]]]

SIZE: Final = 1 << 20
"""Bytes of records on a page, about."""
RECORDS: Final = 512
"""Records on a page, at most."""


async def page_of(
    log: LogIndex,
    books: Books,
    start: int,
    *,
    segment: Callable[[int], int],
    load: Load,
) -> Page:
    """The records from this batch on, as many as fit, and the books as they are now."""
    chosen, following = choose(log.records, start)
    records = [await _stored(record, segment(record.first), load) for record in chosen]
    return Page(books, records, following)


def choose(records: Sequence[Record], start: int) -> tuple[list[Record], int | None]:
    """What belongs on the page that begins with this batch, and where the next one begins."""
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


async def _stored(record: Record, segment: int, load: Load) -> Stored:
    try:
        data = (await load([record]))[record.first]
    except OSError as error:
        return stored_of(record, segment, damage=str(error))
    if isinstance(data, Damaged):
        return stored_of(record, segment, damage=str(data))
    return stored_of(record, segment, data)
