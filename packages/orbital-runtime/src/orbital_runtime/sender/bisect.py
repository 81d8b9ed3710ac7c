"""Finds the samples that a destination refuses, so that all others are delivered.

A refused or too large group is cut into halves, over batches first and then over rows, oldest first, so
that each series stays in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from orbital_sdk import BatchRejected, BatchTooLarge

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from orbital_runtime.buffer import Entry
    from orbital_sdk import Batch

    Send = Callable[[Sequence[Batch], str], Awaitable[None]]


class Part(NamedTuple):
    """Some rows of one batch."""

    seq: int
    start: int
    """Which row of the whole batch its first one is."""
    batch: Batch
    whole: bool = True


Group = tuple[Part, ...]


class Refused(NamedTuple):
    """One row that the destination refused."""

    seq: int
    row: int
    reason: str
    """The server's words."""


class Isolation:
    """One attempt at a chunk, in as many requests as it takes.

    Args:
        entries: What to deliver.
        tried: Batches up to this sequence number were sent before, with an unknown outcome: where the
            destination has them already, they count as delivered.
        requests: How many may be spent on refused groups. What is refused after that is set aside
            whole, so that a bad hour of data cannot keep an output busy for ever.
    """

    def __init__(self, entries: Sequence[Entry], *, tried: int = 0, requests: int = 256) -> None:
        self._entries = entries
        self._tried = tried
        self._requests = requests
        self._left = {entry.seq: len(entry.batch) for entry in entries}
        self._refused: dict[tuple[int, int], Refused] = {}
        self.too_large: int | None = None
        """Rows of the smallest group that was too large, if one was."""
        self.unknown = 0
        """Last batch of the group whose outcome is unknown, because `send` raised."""

    async def run(self, send: Send) -> None:
        """Deliver all of it.

        Args:
            send: Sends one group, named by a token that is the same whenever the same rows are sent.
                Its rejects name rows of this group.

        Raises:
            Exception: What `send` raised, but for BatchRejected and BatchTooLarge. `left` and
                `refused` tell what was achieved before.
        """
        groups: list[Group] = [tuple(Part(seq, 0, batch) for seq, batch in self._entries)]
        while groups:
            group = groups.pop()
            if self.too_large is not None and rows(group) >= self.too_large and divisible(group):
                groups += reversed(halves(group))
                continue
            try:
                await send([part.batch for part in group], token(group))
            except BatchTooLarge as error:
                groups += reversed(self._too_large(group, error))
            except BatchRejected as error:
                groups += reversed(self._rejected(group, error))
            except BaseException:
                self.unknown = group[-1].seq
                raise
            else:
                self._settle(group)

    @property
    def left(self) -> set[int]:
        """The batches that have rows which were neither delivered nor refused."""
        return {seq for seq, rows_left in self._left.items() if rows_left}

    @property
    def refused(self) -> list[Refused]:
        """The refused rows of the batches that have nothing left, in order."""
        return [self._refused[key] for key in sorted(self._refused) if not self._left[key[0]]]

    def _too_large(self, group: Group, error: BatchTooLarge) -> Sequence[Group]:
        size = rows(group)
        self.too_large = size if self.too_large is None else min(size, self.too_large)
        return halves(group) if divisible(group) else self._refuse(group, str(error))

    def _rejected(self, group: Group, error: BatchRejected) -> Sequence[Group]:
        """What is still to be sent of this group."""
        if error.rejects:
            for reject in error.rejects:
                part = group[reject.batch]
                if not (error.duplicate and part.seq <= self._tried):
                    self._refuse_row(part.seq, part.start + reject.row, reject.reason)
            return self._settle(group)
        if error.duplicate and group[-1].seq <= self._tried:
            return self._settle(group)
        self._requests -= 1
        if divisible(group) and self._requests > 0:
            return halves(group)
        return self._refuse(group, str(error))

    def _refuse(self, group: Group, reason: str) -> Sequence[Group]:
        for part in group:
            for row in range(part.start, part.start + len(part.batch)):
                self._refuse_row(part.seq, row, reason)
        return self._settle(group)

    def _refuse_row(self, seq: int, row: int, reason: str) -> None:
        self._refused[seq, row] = Refused(seq, row, reason)

    def _settle(self, group: Group) -> Sequence[Group]:
        for part in group:
            self._left[part.seq] -= len(part.batch)
        return ()


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
