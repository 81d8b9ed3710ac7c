"""Reads dead letters of a running or a stopped agent."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from orbital_buffer.format.letter import decode_letter, id_text
from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.letter_index import LetterIndex, Wanted
from orbital_buffer.model.limits import LetterLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_buffer.format.letter import DeadLetter
    from orbital_buffer.model.letter_index import Known

logger = logging.getLogger(__name__)

ALL: Final = Wanted()
UNLIMITED: Final = LetterLimits(letters=1 << 62, size=1 << 62, age=None)


class LettersAtRest:
    """The letters in the folder of a stopped agent. Blocking.

    Args:
        found: Index entries by id, with outputs.
        get: Reads the bytes of a letter, or raises `Damaged`.
    """

    def __init__(self, found: Mapping[int, tuple[str, Known]], get: Callable[[int], bytes]) -> None:
        self._index = LetterIndex(UNLIMITED)
        self._get = get
        for letter, (output, known) in found.items():
            self._index.add(letter, output, known)

    def count(self, wanted: Wanted = ALL) -> int:
        """The number of selected letters."""
        return len(self._index.oldest(wanted))

    def list(self, wanted: Wanted = ALL) -> Sequence[DeadLetter]:
        """The selected letters, newest first. Damaged ones are left out, and logged."""
        read = map(self.show, self._index.newest(wanted))
        return [letter for letter in read if letter is not None]

    def show(self, letter: int) -> DeadLetter | None:
        """A letter; None if it is not there or damaged."""
        if self._index.output_of(letter) is None:
            return None
        try:
            return decode_letter(self._get(letter), letter)
        except Damaged as error:
            log_damaged(letter, error)
            return None


def log_damaged(letter: int, error: Damaged) -> None:
    """Log that a letter cannot be read."""
    logger.error("dead letter %s is damaged: %s", id_text(letter), error)
