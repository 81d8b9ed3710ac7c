"""Dead letters in the buffer's database, and those not written yet."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from orbital_buffer.format.stored import letter_key
from orbital_buffer.model.damage import Damaged

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from orbital_buffer.store.disk.disk_threads import DiskThreads
    from orbital_buffer.store.port import LetterOwner
    from orbital_buffer.store.rocks.database import Database


class LetterChange(NamedTuple):
    """The changes of dead letters in one write."""

    puts: dict[int, bytes]
    drops: list[int]


class DiskLetterStore:
    """Dead letters on disk; only those that the database does not have yet are in memory.

    Args:
        database: Only read here; the writer requests the changes with `take`.
        threads: Run calls to the disk.
    """

    owner: LetterOwner

    def __init__(self, database: Database, threads: DiskThreads) -> None:
        self._database = database
        self._threads = threads
        self._puts: dict[int, bytes] = {}
        self._drops: dict[int, int] = {}
        """Letters to delete, and the first batch of the record that must be on disk before."""

    def put(self, letter: int, data: bytes) -> None:
        self._puts[letter] = data

    async def get(self, letter: int) -> bytes:
        data = self._puts.get(letter)
        if data is None:
            data = await self._threads.read(self._database.get, letter_key(letter))
        if data is None:
            raise Damaged("it is not in the database any more")
        return data

    def drop(self, letters: Iterable[int], *, after: int = 0) -> None:
        for letter in letters:
            self._drops[letter] = after
            if not after:
                self._puts.pop(letter, None)

    def set_aside(self, letter: int, reason: str) -> None:
        aside = partial(self._database.set_aside, letter_key(letter), f"letter-{letter}", reason)
        self._threads.later(aside)

    def take(self, unwritten: Collection[int]) -> LetterChange:
        """The next changes to write.

        Args:
            unwritten: Records that remain in memory after this write, by their first batch.
        """
        return LetterChange(
            dict(self._puts), [n for n, after in self._drops.items() if after not in unwritten]
        )

    def done(self, change: LetterChange) -> None:
        """This change is on disk."""
        for letter in change.puts:
            self._puts.pop(letter, None)
        for letter in change.drops:
            self._drops.pop(letter, None)

    @property
    def unsaved(self) -> Collection[int]:
        """Ids of letters that the database does not have yet."""
        return self._puts.keys()
