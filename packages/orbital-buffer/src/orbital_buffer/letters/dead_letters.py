"""The dead letters of a buffer: add, list, purge, replay.

The ledger changes in the same step, so that for each output at every moment

    dead_lettered = kept + evicted + expired + purged + replayed + damaged
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from orbital_buffer.format.letter import decode_letter, encode_letters, first_of
from orbital_buffer.letters.reader import ALL, log_damaged
from orbital_buffer.letters.resend import batches_of
from orbital_buffer.model.ageing import Ageing
from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.errors import BufferFull
from orbital_buffer.model.letter_index import Known, LetterIndex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from orbital_buffer.clock import Clock
    from orbital_buffer.format.letter import DeadLetter
    from orbital_buffer.log.log import Log
    from orbital_buffer.model.letter_index import Wanted
    from orbital_buffer.model.limits import LetterLimits

logger = logging.getLogger(__name__)

PORTION: Final = 1000
"""Maximum letters to replay in one write."""


class DeadLetters:
    """The dead letters of a log.

    Args:
        log: The log; replayed letters are appended to it.
        limits: Of number, bytes and age.
        clock: For their age.
    """

    def __init__(self, log: Log, limits: LetterLimits, clock: Clock) -> None:
        self._log = log
        self._store = log.store.letters
        self._store.owner = self
        self._limits = limits
        self._index = LetterIndex(limits)
        self._ageing = Ageing(clock)
        self._next = first_of(0)

    # Looking

    def held(self) -> Mapping[str, tuple[int, int]]:
        """Number and bytes by output."""
        self.expire()
        return self._index.held()

    def count(self, wanted: Wanted = ALL) -> int:
        """The number of selected letters."""
        self.expire()
        return len(self._index.oldest(wanted))

    async def list(self, wanted: Wanted = ALL) -> Sequence[DeadLetter]:
        """The selected letters, newest first. Damaged ones are moved to the quarantine, and logged.

        Raises:
            OSError: They cannot be read now.
        """
        self.expire()
        return await self._read(self._index.newest(wanted))

    async def show(self, letter: int) -> DeadLetter | None:
        """A letter; None if it is not there.

        Raises:
            OSError: It cannot be read now.
        """
        self.expire()
        return next(iter(await self._read([letter])), None)

    # Changing

    def add(self, letters: Iterable[DeadLetter]) -> None:
        """Add letters; the oldest are evicted if there is no room. Called by the buffer's `acknowledge`."""
        kept = list(letters)  # which holds their rows, too
        for letter, data in zip(kept, encode_letters(kept), strict=True):
            number, self._next = self._next, self._next + 1
            self._store.put(number, data)
            self._index.add(number, letter.output, Known(len(data), letter.at_ms))
        self._trim()

    def expire(self) -> None:
        """Delete those that are too old."""
        age = self._limits.age
        if age is None:
            return
        for output, letter in self._index.older(self._ageing.before_ms(age)):
            self._remove(output, [letter], "expired")

    async def purge(self, wanted: Wanted = ALL) -> int:
        """Delete the selected letters, oldest first. Returns their number; durable then.

        Raises:
            BufferClosed: The buffer is closed; nothing was deleted.
        """
        self._log.check_open()
        self.expire()
        purged = 0
        for output, letters in self._by_output(self._index.oldest(wanted)).items():
            purged += self._remove(output, letters, "purged")
            await self._log.commit()
            logger.info("output %s: %d dead letters were purged", output, len(letters))
        return purged

    async def replay(self, wanted: Wanted = ALL) -> int:
        """Deliver the selected letters again, oldest first. Returns their number.

        Each portion is moved to the waiting samples of its output in one write, and counted as accepted
        again. A replay is completed even if the caller is cancelled.

        Raises:
            LookupError: An output of these is not configured; nothing changed.
            BufferFull: The buffer has no room for more.
        """
        return await asyncio.shield(asyncio.ensure_future(self._replay(wanted)))

    def stopped(self) -> None:
        """Count letters in memory as lost: the process stops."""
        for output, (letters, _) in self.held().items():
            logger.warning(
                "output %s: %d dead letters were kept in memory and are lost (stopped)",
                output, letters,
            )  # fmt: skip
            self._count_gone(output, "stopped", letters)

    # Told by the store

    def restored(
        self, found: Mapping[int, tuple[str, Known]], bad: Mapping[int, str], start: int
    ) -> None:
        held, self._index = self._index, LetterIndex(self._limits)
        self._next = first_of(start)
        self._set_aside(bad)
        for letter, (output, known) in found.items():
            self._index.add(letter, output, known)
        for output, letter, known in held.letters():
            self._index.add(letter, output, known)
        self._trim()

    def replaced(self, there: Collection[int], bad: Mapping[int, str]) -> None:
        """Count letters that the new database lacks, and delete those that had been deleted."""
        known = {letter for _, letter, _ in self._index.letters()}
        for output, lost in self._by_output(known.difference(there)).items():
            logger.error("output %s: %d dead letters are lost (damaged)", output, len(lost))
            self._remove(output, lost, "damaged")
        self._store.drop(set(there) - known)
        self._set_aside(bad)

    # Inside

    async def _replay(self, wanted: Wanted) -> int:
        """Runs in a task of its own, since half of it would lose letters."""
        self.expire()
        replayed = 0
        chosen = self._by_output(self._index.oldest(wanted))
        for output in chosen:
            if not self._log.outputs.delivers(output):
                raise LookupError(
                    f"output {output!r} is not configured any more; configure it again, or purge its dead "
                    "letters"
                )
        for output, letters in chosen.items():
            for start in range(0, len(letters), PORTION):
                portion = await self._read(letters[start : start + PORTION])
                if portion:
                    await self._resend(output, portion, replayed)
                replayed += len(portion)
            logger.info("output %s: dead letters are sent again: %d", output, len(letters))
        return replayed

    async def _resend(self, output: str, letters: Sequence[DeadLetter], before: int) -> None:
        def storing(first: int) -> None:
            self._remove(output, [letter.id for letter in letters], "replayed", after=first)

        try:
            await self._log.appending.resend(output, batches_of(letters), storing)
        except BufferFull as error:
            told = f"; {before} dead letters were replayed before" if before else ""
            raise BufferFull(f"{error}{told}") from error

    async def _read(self, letters: Iterable[int]) -> Sequence[DeadLetter]:
        """Those letters that still exist when all were read."""
        read: list[DeadLetter] = []
        for letter in letters:
            try:
                if self._index.output_of(letter) is not None:
                    read.append(decode_letter(await self._store.get(letter), letter))
            except Damaged as error:
                self._damaged(letter, error)
        return [letter for letter in read if self._index.output_of(letter.id) is not None]

    def _damaged(self, letter: int, error: Damaged) -> None:
        output = self._index.output_of(letter)
        if output is not None:  # else it went while it was read
            log_damaged(letter, error)
            self._store.set_aside(letter, str(error))
            self._remove(output, [letter], "damaged")

    def _set_aside(self, bad: Mapping[int, str]) -> None:
        for letter, reason in bad.items():
            self._store.set_aside(letter, reason)
        self._store.drop(bad)

    def _trim(self) -> None:
        self.expire()
        while surplus := self._index.surplus():
            output, letter = surplus
            self._remove(output, [letter], "evicted")

    def _remove(self, output: str, letters: Iterable[int], reason: str, *, after: int = 0) -> int:
        gone = [letter for letter in letters if self._index.remove(letter, output)]
        self._store.drop(gone, after=after)
        self._count_gone(output, reason, len(gone))
        return len(gone)

    def _count_gone(self, output: str, reason: str, letters: int) -> None:
        if letters:
            self._log.index.ledger.account(output).letters_gone[reason] += letters

    def _by_output(self, letters: Iterable[int]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for letter in letters:
            output = self._index.output_of(letter)
            if output is not None:
                found.setdefault(output, []).append(letter)
        return found
