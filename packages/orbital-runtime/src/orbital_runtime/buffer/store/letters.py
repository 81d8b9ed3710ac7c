"""Where the bytes of dead letters are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from orbital_runtime.buffer.model.damage import Damaged

if TYPE_CHECKING:
    from collections.abc import Iterable


class LetterStore(Protocol):
    """Keeps letters by id. What is put and dropped gets to the disk with the next state of their output."""

    def put(self, letter: int, data: bytes) -> None:
        """Keep this."""
        ...

    async def get(self, letter: int) -> bytes:
        """What was put.

        Raises:
            Damaged: It is not what was put, or is gone.
            OSError: The disk failed.
        """
        ...

    def in_memory(self, letter: int) -> bytes:
        """What was put and is nowhere else yet."""
        ...

    def drop(self, letters: Iterable[int], *, after: int = 0) -> None:
        """Forget these.

        Args:
            letters: By id.
            after: The batch that begins the record which has to be as safe as they are before.
        """
        ...

    def set_aside(self, letter: int, reason: str) -> None:
        """Copy one that is damaged to where damaged things go."""
        ...


class MemoryLetterStore:
    """Letters of a buffer in memory."""

    def __init__(self) -> None:
        self._letters: dict[int, bytes] = {}

    def put(self, letter: int, data: bytes) -> None:
        self._letters[letter] = data

    async def get(self, letter: int) -> bytes:
        try:
            return self._letters[letter]
        except KeyError as error:
            raise Damaged("it is gone") from error

    def in_memory(self, letter: int) -> bytes:
        return self._letters[letter]

    def drop(self, letters: Iterable[int], *, after: int = 0) -> None:
        for letter in letters:
            self._letters.pop(letter, None)

    def set_aside(self, letter: int, reason: str) -> None:
        """There is no place for it."""
