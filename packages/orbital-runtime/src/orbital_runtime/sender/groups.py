"""Groups of rows that go out in one request, and how they are cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from orbital_sdk import Batch


class Part(NamedTuple):
    """Some rows of one batch."""

    seq: int
    start: int
    """Which row of the whole batch its first one is."""
    batch: Batch
    whole: bool = True


Group = tuple[Part, ...]


def rows(group: Group) -> int:
    return sum(len(part.batch) for part in group)


def divisible(group: Group) -> bool:
    return rows(group) > 1


def halves(group: Group) -> tuple[Group, Group]:
    """About half of the rows each; batches are only cut where one is left."""
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


def token(group: Group) -> str:
    """Names these very rows; for whole batches the same as the token of their chunk."""
    first, last = group[0], group[-1]
    part = "" if first.whole else f":{first.start}+{len(first.batch)}"
    return f"{first.seq}-{last.seq}{part}"
