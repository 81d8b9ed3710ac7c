"""Dead letters to look at, whoever keeps them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from orbital_runtime.buffer.letters.index import LetterIndex, LetterLimits, Wanted
from orbital_runtime.buffer.letters.letter import decode_letter, id_text
from orbital_runtime.storage.errors import Damaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from orbital_runtime.buffer.letters.index import Known
    from orbital_runtime.buffer.letters.letter import DeadLetter

logger = logging.getLogger(__name__)

ALL: Final = Wanted()
UNLIMITED: Final = LetterLimits(letters=1 << 62, size=1 << 62, age=None)


class LetterReader:
    """Lists letters, and reads them when they are asked for.

    Args:
        index: Which there are.
        get: Gives the bytes of one, or raises `Damaged`.
    """

    def __init__(self, index: LetterIndex, get: Callable[[int], bytes]) -> None:
        self._index = index
        self._get = get

    def held(self) -> Mapping[str, tuple[int, int]]:
        """How many there are and their bytes, by output."""
        return self._index.held()

    def count(self, wanted: Wanted = ALL) -> int:
        """How many of those wanted there are."""
        return len(self._index.oldest(wanted))

    def list(self, wanted: Wanted = ALL) -> Sequence[DeadLetter]:
        """Those wanted, newest first; one that turns out to be damaged is left out, and logged."""
        return list(self._read(self._index.newest(wanted)))

    def show(self, letter: int) -> DeadLetter | None:
        """One of them, if it is there."""
        return next(self._read([letter]), None)

    def _read(self, letters: Iterable[int]) -> Iterator[DeadLetter]:
        for letter in letters:
            output = self._index.output_of(letter)
            if output is None:
                continue
            try:
                yield decode_letter(self._get(letter), letter)
            except Damaged as error:
                logger.error("dead letter %s is damaged: %s", id_text(letter), error)  # noqa: TRY400 (the message says it all)
                self._damaged(output, letter, str(error))

    def _damaged(self, output: str, letter: int, reason: str) -> None:
        """Somebody who may change things sets it aside here."""


def at_rest(found: Mapping[int, tuple[str, Known]], get: Callable[[int], bytes]) -> LetterReader:
    """The letters in the folder of a stopped agent."""
    index = LetterIndex(UNLIMITED)
    for letter, (output, known) in found.items():
        index.add(letter, output, known)
    return LetterReader(index, get)
