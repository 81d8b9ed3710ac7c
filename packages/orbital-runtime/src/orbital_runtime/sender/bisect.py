"""Finds the samples that a destination refuses, so that all others are delivered.

A refused or too large group is cut into halves, over batches first and then over rows, oldest first, so
that each series stays in order.
"""

from __future__ import annotations

from itertools import compress
from operator import not_
from typing import TYPE_CHECKING, NamedTuple

from orbital_runtime.sender.groups import divisible, halves, pieces, rows, token, whole
from orbital_runtime.sender.refusals import may_be_stored, understands
from orbital_runtime.sender.repeats import Suspicion
from orbital_sdk import Refusal, WriteAnswer, Written

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container, Sequence

    from orbital_runtime.buffer.model.chunk import Entry
    from orbital_runtime.buffer.model.intervals import Pieces
    from orbital_runtime.sender.groups import Group
    from orbital_sdk import Batch, NotWritten

    Send = Callable[[Sequence[Batch], str], Awaitable[WriteAnswer]]


class RefusedRow(NamedTuple):
    """One row that the destination refused."""

    seq: int
    row: int
    reason: str
    """The server's words."""


class Isolation:
    """One attempt at a chunk, in as many requests as it takes.

    Args:
        entries: What to deliver.
        tried: Batches that were sent before, with an unknown outcome: where the destination has them
            already, they count as delivered.
        requests: How many may be spent on finding refused rows inside of batches, and how many more in a
            row without anything taken. A batch that is refused after that is set aside whole, so that a
            bad hour of data cannot keep an output busy for ever.
        suspect: The answer of an outage that may not be one. Groups that get it are cut like refused ones.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        *,
        tried: Container[int] = (),
        requests: int = 256,
        suspect: str | None = None,
    ) -> None:
        self.entries = entries
        self.suspicion = Suspicion(suspect, sum(len(entry.batch) for entry in entries))
        self._tried = tried
        self._requests = requests
        self._most_fruitless = requests
        self._fruitless = 0
        """Refusals between batches since the destination took some."""
        self.withdraw()
        self.too_large: int | None = None
        """Rows of the smallest group that was too large, if one was."""
        self.failed: Pieces = []
        """The batches of the group at which `send` raised."""
        self.unknown: Pieces = []
        """The same, if the destination may have stored that group all the same."""
        self.undecided = False
        """Rows got the suspect answer alone, and nothing was left to see whether other samples pass."""
        self.understood = False
        """The destination took some, or said what only one says that understands samples."""
        self.vouched = False
        """Another batch showed that what is refused here is refused for its samples."""

    def withdraw(self) -> None:
        """Take back what was settled: nothing was delivered, and nothing shall count as refused."""
        self._left = {entry.seq: len(entry.batch) for entry in self.entries}
        self._refused: dict[tuple[int, int], RefusedRow] = {}
        self.words: set[str] = set()
        """Why whole groups were refused."""
        self.suspicion.found = False

    async def run(self, send: Send) -> None:
        """Deliver all of it.

        Args:
            send: Sends one group, named by a token that is the same whenever the same rows are sent.
                Its answer names rows of this group.

        Raises:
            Exception: What `send` raised. `left` and `refused` tell what was achieved before.
        """
        groups = [whole(self.entries)] if self.entries else []
        while groups:
            groups += reversed(await self._offer(groups.pop(), send))
        if self.suspicion.waiting:  # nothing passed after this one: it may be an outage by now
            self.undecided = True
            self._give_up(*self.suspicion.waiting)

    @property
    def left(self) -> set[int]:
        """The batches that have rows which were neither delivered nor refused."""
        return {seq for seq, rows_left in self._left.items() if rows_left}

    @property
    def refused(self) -> list[RefusedRow]:
        """The refused rows of the batches that have nothing left, in order."""
        return [self._refused[key] for key in sorted(self._refused) if not self._left[key[0]]]

    @property
    def may_regroup(self) -> bool:
        """Whether what is left may be read together with newer samples, which may tell more."""
        searched = self.suspicion.words is not None
        return searched and (self.understood or self.undecided)

    async def _offer(self, group: Group, send: Send) -> Sequence[Group]:
        """Send a group; gives what is to be sent next."""
        if self.too_large is not None and rows(group) >= self.too_large and divisible(group):
            return halves(group)
        try:
            answer = await send([part.batch for part in group], token(group))
        except BaseException as error:  # noqa: BLE001 (raised again, unless it is the suspect answer)
            return self._failed(group, error)
        self.understood |= understands(answer, rows(group))
        if isinstance(answer, Written):
            return self._written(group, answer)
        if answer.refusal is Refusal.TOO_LARGE:
            return self._too_large(group, answer.reason)
        return self._not_written(group, answer)

    def _written(self, group: Group, answer: Written) -> Sequence[Group]:
        for row in refused_rows(group, answer, self._tried):
            self._refused[row.seq, row.row] = row
        self._settle(group)
        if len(answer.refused) >= rows(group):
            return ()
        self._fruitless = 0
        return self.suspicion.passed()

    def _failed(self, group: Group, error: BaseException) -> Sequence[Group]:
        """What to try instead; raises the error where there is nothing."""
        if not self.suspicion.meets(error) or self._requests <= 0:
            self._give_up(group, error)
        self._requests -= 1
        if divisible(group):
            return halves(group)
        return self._refuse(group, str(error)) if self.suspicion.convicts(group, error) else ()

    def _give_up(self, group: Group, error: BaseException) -> None:
        self.failed = pieces(group)
        self.unknown = self.failed if may_be_stored(error) else []
        raise error

    def _too_large(self, group: Group, reason: str) -> Sequence[Group]:
        size = rows(group)
        self.too_large = size if self.too_large is None else min(size, self.too_large)
        return halves(group) if divisible(group) else self._refuse(group, reason)

    def _not_written(self, group: Group, answer: NotWritten) -> Sequence[Group]:
        """What is still to be sent of this group."""
        tried, new = self._parted(group, answer)
        if not new:
            return self._settle(group)
        if self._worth_cutting(group):
            return halves(group)
        self._refuse(new, answer.reason)
        return [tried] if tried else []  # they show alone whether they are

    def _parted(self, group: Group, answer: NotWritten) -> tuple[Group, Group]:
        """What an earlier attempt stored if this answer is about it, and the rest."""
        there = [answer.refusal is Refusal.THERE and part.seq in self._tried for part in group]
        return tuple(compress(group, there)), tuple(compress(group, map(not_, there)))

    def _worth_cutting(self, group: Group) -> bool:
        """Whether to look for the refused rows. Bad batches must not cost the good ones between them, so
        those are told apart for as long as some are taken.
        """
        if len(group) == 1 and self._requests > 0:
            self._requests -= 1
            return divisible(group)
        self._fruitless += 1
        return len(group) > 1 and self._fruitless < self._most_fruitless

    def _refuse(self, group: Group, reason: str) -> Sequence[Group]:
        self.words.add(reason)
        for part in group:
            for row in range(part.start, part.start + len(part.batch)):
                self._refused[part.seq, row] = RefusedRow(part.seq, row, reason)
        return self._settle(group)

    def _settle(self, group: Group) -> Sequence[Group]:
        for part in group:
            self._left[part.seq] -= len(part.batch)
        return ()


def refused_rows(group: Group, answer: Written, tried: Container[int]) -> list[RefusedRow]:
    """The rows that were refused by name, but for those that an earlier attempt seems to have stored."""
    return [
        RefusedRow(group[one.batch].seq, group[one.batch].start + one.row, one.reason)
        for one in answer.refused
        if one.refusal is not Refusal.THERE or group[one.batch].seq not in tried
    ]
