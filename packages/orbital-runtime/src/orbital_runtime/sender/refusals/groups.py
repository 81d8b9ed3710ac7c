"""Groups of rows that are sent in one request, and their halves."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, Self, TypeVar
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Rows(Protocol):
    """Rows that can be split, such as a batch."""

    def __len__(self) -> int: ...

    def part(self, start: int, stop: int) -> Self:
        """Its rows from `start` to `stop`."""
        ...


R = TypeVar("R", bound=Rows)


class Part(NamedTuple, Generic[R]):
    """Some rows of one batch."""

    seq: int
    start: int
    """Index of its first row in the whole batch."""
    batch: R
    whole: bool = True


Group = tuple[Part[R], ...]


def whole(entries: Iterable[tuple[int, R]]) -> Group[R]:
    """All rows of these numbered batches."""
    return tuple(Part(seq, 0, batch) for seq, batch in entries)


def rows(group: Group[R]) -> int:
    return sum(len(part.batch) for part in group)


def halves(group: Group[R]) -> tuple[Group[R], Group[R]]:
    """Two groups of about half of the rows; a batch is split only if it is alone."""
    if len(group) == 1:
        seq, start, batch, _ = group[0]
        middle, end = len(batch) // 2, len(batch)
        return (
            (Part(seq, start, batch.part(0, middle), whole=False),),
            (Part(seq, start + middle, batch.part(middle, end), whole=False),),
        )
    half, cut, below = rows(group) // 2, 1, len(group[0].batch)
    while cut < len(group) - 1 and below + len(group[cut].batch) <= half:
        below += len(group[cut].batch)
        cut += 1
    return group[:cut], group[cut:]


def token(group: Group[R]) -> str:
    """Identifies these rows; empty if there are none."""
    if not group:
        return ""
    first = group[0]
    part = "" if first.whole else f":{first.start}+{len(first.batch)}"
    return f"{name([each.seq for each in group])}{part}"


def name(seqs: Sequence[int]) -> str:
    """Identifies these batches: the first, the last, and a checksum if some between are missing."""
    first, last = seqs[0], seqs[-1]
    if last - first + 1 == len(seqs):
        return f"{first}-{last}"
    return f"{first}-{last}~{crc32(array('Q', seqs)):08x}"
