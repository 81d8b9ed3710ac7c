"""The index of dead letters: output, size and age of each. Pure."""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from orbital_buffer.model.limits import LetterLimits


class Known(NamedTuple):
    """One letter in the index."""

    size: int
    """Bytes."""
    at_ms: int
    """Milliseconds UTC of the refusal."""


class Wanted(NamedTuple):
    """A selection of letters."""

    output: str | None = None
    """None: of all outputs."""
    before_ms: int | None = None
    """Only those refused before this time, milliseconds UTC."""
    limit: int | None = None
    """Maximum number."""


class LetterIndex:
    """The letters of each output in the order of their ids, which is that of their refusal."""

    def __init__(self, limits: LetterLimits) -> None:
        self._limits = limits
        self._known: dict[str, OrderedDict[int, Known]] = {}
        self._sizes: Counter[str] = Counter()
        self._size: int = 0
        self._count: int = 0

    def add(self, letter: int, output: str, known: Known) -> None:
        """Add a letter; its id must be larger than all before."""
        self._known.setdefault(output, OrderedDict())[letter] = known
        self._sizes[output] += known.size
        self._size += known.size
        self._count += 1

    def remove(self, letter: int, output: str) -> bool:
        """Remove a letter. Returns whether it was there."""
        letters = self._known.get(output)
        known = letters.pop(letter, None) if letters else None
        if known is None:
            return False
        self._sizes[output] -= known.size
        self._size -= known.size
        self._count -= 1
        return True

    def output_of(self, letter: int) -> str | None:
        """Its output; None if it is not there."""
        return next((output for output, known in self._known.items() if letter in known), None)

    def surplus(self) -> tuple[str, int] | None:
        """The output and the letter to evict next; None while there is room.

        It is the oldest one of the output with the most letters, so that one output cannot evict those of
        another.
        """
        if self._count <= self._limits.letters and self._size <= self._limits.size:
            return None
        output, known = max(self._known.items(), key=lambda item: len(item[1]))
        return output, next(iter(known))

    def older(self, before_ms: float) -> Iterator[tuple[str, int]]:
        """Outputs and letters before this time; each must be removed before the next is taken."""
        for output, known in self._known.items():
            while known:
                letter = next(iter(known))
                if known[letter].at_ms >= before_ms:
                    break
                yield output, letter

    def newest(self, wanted: Wanted) -> list[int]:
        """The selected letters, newest first."""
        chosen = [_those(known, reversed(known), wanted) for known in self._of(wanted.output)]
        return list(islice(heapq.merge(*chosen, reverse=True), self._most(wanted)))

    def oldest(self, wanted: Wanted) -> list[int]:
        """The selected letters, oldest first."""
        chosen = [_those(known, known, wanted) for known in self._of(wanted.output)]
        return list(islice(heapq.merge(*chosen), self._most(wanted)))

    def _most(self, wanted: Wanted) -> int:
        """As many as there are, or less."""
        return self._count if wanted.limit is None else min(wanted.limit, self._count)

    def held(self) -> dict[str, tuple[int, int]]:
        """Number and bytes of letters by output."""
        return {
            output: (len(known), self._sizes[output])
            for output, known in self._known.items()
            if known
        }

    def letters(self) -> Iterator[tuple[str, int, Known]]:
        """All of them."""
        for output, known in self._known.items():
            for letter, one in known.items():
                yield output, letter, one

    def _of(self, output: str | None) -> list[OrderedDict[int, Known]]:
        if output is None:
            return list(self._known.values())
        return [self._known[output]] if output in self._known else []


def _those(known: Mapping[int, Known], letters: Iterable[int], wanted: Wanted) -> Iterator[int]:
    before = wanted.before_ms
    return (letter for letter in letters if before is None or known[letter].at_ms < before)
