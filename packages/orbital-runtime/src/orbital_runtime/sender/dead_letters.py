"""Samples that a destination refused for good, with its own words, kept for people to look at."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orbital_sdk import Origin, Row

OVERHEAD: Final = 200
"""Bytes that a letter takes beside its texts, roughly."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One refused sample: enough to understand it, and to send it again."""

    output: str
    at_ms: int
    """Milliseconds UTC of the refusal."""
    origin: Origin
    row: Row
    value: float
    ts: int
    """Milliseconds UTC of the sample."""
    reason: str
    """The server's words."""
    id: int = 0
    """Given by the store."""

    @property
    def size(self) -> int:
        """Bytes, roughly."""
        labels = sum(len(name) + len(value) for name, value in self.row.labels)
        return OVERHEAD + len(self.row.name) + labels + len(self.reason)


class DeadLetters(Protocol):
    """A store of dead letters. All methods belong to the event loop."""

    @property
    def evicted(self) -> Counter[str]:
        """Letters that had to go for newer ones, by output."""
        ...

    def add(self, letters: Iterable[DeadLetter]) -> None:
        """Keep these; the oldest go where there is no room."""
        ...

    def list(self, output: str | None = None, *, limit: int = 100) -> Sequence[DeadLetter]:
        """The newest letters, newest first."""
        ...

    def show(self, letter: int) -> DeadLetter | None:
        """One letter by its id, if it is still there."""
        ...

    def purge(self, output: str | None = None) -> int:
        """Throw away an output's letters, or all. Gives how many."""
        ...

    def count(self, output: str | None = None) -> int:
        """How many letters are kept."""
        ...


class MemoryDeadLetters:
    """Dead letters in memory, capped by number and bytes.

    Where there is no room the oldest letter of the output with the most letters goes, so that one
    output cannot push out what another's people have not seen.
    """

    def __init__(self, *, letters: int = 10_000, size: int = 16 << 20) -> None:
        self._most = letters
        self._most_bytes = size
        self._ids = itertools.count(1)
        self._letters: dict[str, deque[DeadLetter]] = {}
        self._bytes = 0
        self.evicted: Counter[str] = Counter()

    def add(self, letters: Iterable[DeadLetter]) -> None:
        for letter in letters:
            kept = replace(letter, id=next(self._ids))
            self._letters.setdefault(letter.output, deque()).append(kept)
            self._bytes += letter.size
            while self.count() > self._most or self._bytes > self._most_bytes:
                self._evict()

    def list(self, output: str | None = None, *, limit: int = 100) -> Sequence[DeadLetter]:
        newest = heapq.merge(
            *(reversed(kept) for kept in self._of(output)), key=lambda letter: -letter.id
        )
        return list(itertools.islice(newest, limit))

    def show(self, letter: int) -> DeadLetter | None:
        return next((kept for some in self._of(None) for kept in some if kept.id == letter), None)

    def purge(self, output: str | None = None) -> int:
        purged = self.count(output)
        for kept in self._of(output):
            self._bytes -= sum(letter.size for letter in kept)
            kept.clear()
        return purged

    def count(self, output: str | None = None) -> int:
        return sum(len(kept) for kept in self._of(output))

    def _of(self, output: str | None) -> Iterable[deque[DeadLetter]]:
        if output is None:
            return self._letters.values()
        return (self._letters[output],) if output in self._letters else ()

    def _evict(self) -> None:
        output, kept = max(self._letters.items(), key=lambda item: len(item[1]))
        self._bytes -= kept.popleft().size
        self.evicted[output] += 1
