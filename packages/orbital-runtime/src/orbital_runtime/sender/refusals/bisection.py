"""Finds the refused rows of a chunk by sending halves. A state machine without I/O of its own.

It follows the first table of docs/decisions/0011. Groups are split between batches first, then between rows,
and sent oldest first, so that each series stays in order. It works for anything that can be split (`Rows`):

    bisection = Bisection(whole([(1, items)]))
    await bisection.run(send)  # send(group) gives an answer, or raises
    bisection.refused, bisection.left
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Generic, NamedTuple

from orbital_runtime.sender.refusals.answers import understands
from orbital_runtime.sender.refusals.groups import Group, R, halves, rows, token
from orbital_sdk import NotWritten, Refusal, Written

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container

    from orbital_sdk import WriteAnswer


class RefusedRow(NamedTuple):
    """A row that the destination refused."""

    seq: int
    row: int
    reason: str
    """The destination's error text."""


class Bisection(Generic[R]):
    """The state of a chunk: rows that are neither left nor refused are delivered.

    Args:
        group: The chunk.
        doubtful: Batches that an earlier request may have stored.
        requests: Maximum of refusals spent on rows of single batches, and of refusals of several batches in a
            row. After that, groups are refused as a whole, so that an hour of bad data does not keep the
            output busy for ever.
        suspect: Whether an error may be about the rows, so that its cause is searched for; None: no error.
        largest: Maximum rows of a request.
        repeat: Whether a single row is only refused if it gets the suspect error twice, and another row was
            stored between.
    """

    def __init__(
        self,
        group: Group[R],
        *,
        doubtful: Container[int] = (),
        requests: int = 256,
        suspect: Callable[[BaseException], bool] | None = None,
        largest: int = sys.maxsize,
        repeat: bool = True,
    ) -> None:
        self.group = group
        self.suspect = suspect
        self.understood = False
        """Whether the destination stored some rows, or refused some as samples."""
        self._doubtful = doubtful
        self._requests = requests
        self._largest = largest
        self._repeat = repeat
        self._spent = self._fruitless = self._in_a_row = 0
        self.withdraw()

    def withdraw(self) -> None:
        """Reset: nothing is refused, all rows wait."""
        self._waiting = [self.group] if self.group else []
        """Groups to send; the last one is next."""
        self._aside: list[Group[R]] = []
        """Single rows that got the suspect error; they are sent again when another row was stored."""
        self._again: set[str] = set()
        """Tokens of rows that are sent again."""
        self._refused: list[RefusedRow] = []
        self.words: set[str] = set()
        """Error texts of groups that were refused as a whole."""
        self.too_large: int | None = None
        """Rows of the smallest group that was too large, if any."""

    @property
    def left(self) -> set[int]:
        """Batches with waiting rows."""
        return {part.seq for group in (*self._waiting, *self._aside) for part in group}

    @property
    def refused(self) -> list[RefusedRow]:
        """The refused rows of batches without waiting rows, in order."""
        left = self.left
        return sorted(row for row in self._refused if row.seq not in left)

    @property
    def undecided(self) -> bool:
        """Whether rows wait because there was no other row to compare with."""
        return bool(self._aside) and not self._waiting

    async def run(self, send: Callable[[Group[R]], Awaitable[WriteAnswer]]) -> None:
        """Send until no row waits.

        Raises:
            BaseException: Why rows wait: `send` raised it.
        """
        while self._waiting:
            group = self._waiting[-1]
            size = rows(group)
            if size > self._largest or size >= (self.too_large or sys.maxsize):
                self._replace(*halves(group))
                continue
            try:
                answer = await send(group)
            except BaseException as error:
                if not self._may_look_into(error):
                    raise
                self._failed(group, error)
            else:
                self._answered(group, answer)
        if self._aside:
            raise self._error

    def _answered(self, group: Group[R], answer: WriteAnswer) -> None:
        size = rows(group)
        self.understood = self.understood or understands(answer, size)
        match answer:
            case Written(refused=named):
                self._refused += refused_rows(group, answer, self._doubtful)
                self._replace()
                if len(named) < size:
                    self._stored()
            case NotWritten(refusal=Refusal.TOO_LARGE) if size > 1:
                self.too_large = size
                self._replace(*halves(group))
            case NotWritten(refusal=Refusal.THERE) if not self._part(group, stored=False):
                self._replace()
            case NotWritten() if self._may_search(group):
                self._replace(*halves(group))
            case NotWritten(refusal=Refusal.THERE) if stored := self._part(group, stored=True):
                self._replace(stored, self._part(group, stored=False))
            case NotWritten(reason):
                self._refuse(group, reason)

    def _failed(self, group: Group[R], error: BaseException) -> None:
        """The suspect error. A single row is refused if it gets it again after another row was stored, so an
        outage that begins or ends meanwhile refuses nothing.
        """
        if rows(group) > 1:
            self._replace(*halves(group))
        elif self._repeat and token(group) not in self._again:
            self._replace()
            self._aside.append(group)
            self._error = error
        else:
            self._refuse(group, str(error))

    def _replace(self, *instead: Group[R]) -> None:
        """Replace the current group by these."""
        self._waiting[-1:] = instead[::-1]

    def _refuse(self, group: Group[R], reason: str) -> None:
        self._replace()
        self.words.add(reason)
        for seq, start, batch, _ in group:
            self._refused += (RefusedRow(seq, start + row, reason) for row in range(len(batch)))

    def _stored(self) -> None:
        """Some rows were stored: the search goes on, and rows that were set aside are next."""
        self._fruitless = self._in_a_row = 0
        self._again.update(map(token, self._aside))
        self._waiting += reversed(self._aside)
        self._aside = []

    def _part(self, group: Group[R], *, stored: bool) -> Group[R]:
        """The batches that an earlier request may have stored, or the others."""
        return tuple(part for part in group if (part.seq in self._doubtful) is stored)

    def _may_search(self, group: Group[R]) -> bool:
        """Whether to split a refused group. The search for bad batches goes on as long as some are stored
        between them, so that good ones are not lost with them.
        """
        if len(group) == 1 and self._spent < self._requests:
            self._spent += 1
            return rows(group) > 1
        self._fruitless += 1
        return len(group) > 1 and self._fruitless < self._requests

    def _may_look_into(self, error: BaseException) -> bool:
        """Whether this is the suspect error, and not so often in a row that it must be an outage."""
        if self.suspect is None or not self.suspect(error):
            return False
        self._spent += 1
        self._in_a_row += 1
        outage = self._in_a_row > 2 * rows(self.group).bit_length()
        return not outage and self._spent <= self._requests


def refused_rows(group: Group[R], answer: Written, doubtful: Container[int]) -> list[RefusedRow]:
    """The rows refused by index, except those that an earlier request seems to have stored."""
    named = {(one.batch, one.row): one for one in answer.refused}
    return [
        RefusedRow(group[batch].seq, group[batch].start + row, one.reason)
        for (batch, row), one in named.items()
        if one.refusal is not Refusal.THERE or group[batch].seq not in doubtful
    ]
