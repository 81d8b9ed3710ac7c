"""Finds the samples that a destination refuses, so that all others are delivered.

A refused or too large group is cut into halves, over batches first and then over rows, oldest first, so
that each series stays in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from orbital_runtime.sender.groups import Part, divisible, halves, pieces, rows, token
from orbital_runtime.sender.repeats import is_answer
from orbital_sdk import (
    BatchRejected,
    BatchTooLarge,
    ConfigurationError,
    WriterMisconfigured,
    WriterUnavailable,
)
from orbital_sdk.secrecy import scrub

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container, Sequence

    from orbital_runtime.buffer import Entry
    from orbital_runtime.buffer.log import Pieces
    from orbital_runtime.sender.groups import Group
    from orbital_sdk import Batch

    Send = Callable[[Sequence[Batch], str], Awaitable[None]]


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
        tried: Batches that were sent before, with an unknown outcome: where the destination has them
            already, they count as delivered.
        requests: How many may be spent on finding refused rows inside of batches, and how many more in a
            row without anything taken. A batch that is refused after that is set aside whole, so that a
            bad hour of data cannot keep an output busy for ever.
        suspect: The answer of an outage that may not be one. Groups that get it are cut like refused
            ones. A row that gets it alone is refused if it gets it again after another request passed;
            so nothing is refused in an outage, also not in one that begins or ends meanwhile.
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
        self._tried = tried
        self._requests = requests
        self._most_fruitless = requests
        self._fruitless = 0
        """Refusals between batches since the destination took some."""
        self.suspect = suspect
        self._in_a_row = 0
        self._most_in_a_row = 2 * sum(len(entry.batch) for entry in entries).bit_length()
        self._alone: list[Group] = []
        self._accused: set[str] = set()
        self._answer: BaseException | None = None
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
        self._refused: dict[tuple[int, int], Refused] = {}
        self.words: set[str] = set()
        """Why whole groups were refused."""
        self.found = False
        """Whether rows were found that cause the suspect answer."""

    async def run(self, send: Send) -> None:
        """Deliver all of it.

        Args:
            send: Sends one group, named by a token that is the same whenever the same rows are sent.
                Its rejects name rows of this group.

        Raises:
            Exception: What `send` raised, but for BatchRejected and BatchTooLarge. `left` and
                `refused` tell what was achieved before.
        """
        whole = tuple(Part(seq, 0, batch) for seq, batch in self.entries)
        groups: list[Group] = [whole] if whole else []
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
            except BaseException as error:  # noqa: BLE001 (raised again, unless it is the suspect answer)
                groups += reversed(self._failed(group, error))
            else:
                self._settle(group)
                groups += self._passed()
        if self._alone and self._answer:  # nothing passed after these: it may be an outage by now
            self.undecided = True
            self._give_up(self._alone[-1], self._answer)

    @property
    def left(self) -> set[int]:
        """The batches that have rows which were neither delivered nor refused."""
        return {seq for seq, rows_left in self._left.items() if rows_left}

    @property
    def refused(self) -> list[Refused]:
        """The refused rows of the batches that have nothing left, in order."""
        return [self._refused[key] for key in sorted(self._refused) if not self._left[key[0]]]

    def _passed(self) -> Sequence[Group]:
        """The destination works: what got the suspect answer alone is asked about once more."""
        self.understood = True
        self._in_a_row = self._fruitless = 0
        self._accused.update(map(token, self._alone))
        again, self._alone = self._alone, []
        return again

    def _failed(self, group: Group, error: BaseException) -> Sequence[Group]:
        """What to try instead; raises the error where there is nothing."""
        self._in_a_row += 1
        hopeless = self._in_a_row > self._most_in_a_row or self._requests <= 0
        if not self._is_suspect(error) or hopeless:
            self._give_up(group, error)
        self._requests -= 1
        if divisible(group):
            return halves(group)
        if token(group) in self._accused:
            self.found = True
            return self._refuse(group, str(error))
        self._alone.append(group)
        self._answer = error
        return ()

    def _is_suspect(self, error: BaseException) -> bool:
        return self.suspect is not None and is_answer(error) and str(error) == self.suspect

    def _give_up(self, group: Group, error: BaseException) -> None:
        self.failed = pieces(group)
        self.unknown = self.failed if may_be_stored(error) else []
        raise error

    def _too_large(self, group: Group, error: BatchTooLarge) -> Sequence[Group]:
        size = rows(group)
        self.too_large = size if self.too_large is None else min(size, self.too_large)
        return halves(group) if divisible(group) else self._refuse(group, str(error))

    def _rejected(self, group: Group, error: BatchRejected) -> Sequence[Group]:
        """What is still to be sent of this group."""
        listed = len(error.rejects)
        self.understood |= error.certain or error.duplicate or 0 < listed < rows(group)
        if error.rejects:
            for reject in error.rejects:
                part = group[reject.batch]
                if not self._may_be_there(part, error):
                    self._refuse_row(part.seq, part.start + reject.row, scrub(reject.reason))
            return self._settle(group)
        tried = tuple(part for part in group if self._may_be_there(part, error))
        if len(tried) == len(group):
            return self._settle(group)
        if self._worth_cutting(group):
            return halves(group)
        others = tuple(part for part in group if not self._may_be_there(part, error))
        self._refuse(others, str(error))
        return [tried] if tried else []  # they show alone whether they are

    def _may_be_there(self, part: Part, error: BatchRejected) -> bool:
        return error.duplicate and part.seq in self._tried

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
                self._refuse_row(part.seq, row, reason)
        return self._settle(group)

    def _refuse_row(self, seq: int, row: int, reason: str) -> None:
        self._refused[seq, row] = Refused(seq, row, reason)

    def _settle(self, group: Group) -> Sequence[Group]:
        for part in group:
            self._left[part.seq] -= len(part.batch)
        return ()


def may_be_stored(error: BaseException) -> bool:
    """Whether the destination may have the samples although this was raised."""
    if isinstance(error, WriterUnavailable):
        return error.sent
    return not isinstance(error, WriterMisconfigured | ConfigurationError)
