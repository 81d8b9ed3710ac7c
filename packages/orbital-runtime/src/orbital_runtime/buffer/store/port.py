"""What a buffer needs of the place where its bytes are: memory, or a disk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from orbital_runtime.buffer.model.damage import Damaged
    from orbital_runtime.buffer.model.record import Record
    from orbital_runtime.buffer.store.letters import LetterStore
    from orbital_sdk import Batch, Layout


class Draft(NamedTuple):
    """A record that was not stored yet."""

    batches: Sequence[Batch]
    data: bytes
    numbers: Sequence[int]
    """The number of each batch's layout."""
    fresh: Mapping[Layout, int]
    """Layouts that are not stored either, by their numbers."""
    samples: int
    shared: int
    """Bytes of the fresh layouts."""


class Medium(ABC):
    """Given by a subclass of the buffer."""

    @abstractmethod
    def _draft(self, batches: Sequence[Batch], written: int) -> Draft:
        """A record of these batches. Changes nothing yet.

        Raises:
            ValueError: One of them cannot be stored.
        """

    @abstractmethod
    async def _store(self, record: Record, draft: Draft, readers: Sequence[str]) -> None:
        """Keep this, as durably as this buffer can. These outputs get it as soon as that is done."""

    @abstractmethod
    async def _load(self, records: Sequence[Record]) -> Mapping[int, bytes | Damaged]:
        """What `_store` kept, by first batch, or why one cannot be read. Where the disk fails on the way,
        those from there on may be missing.

        Raises:
            OSError: The disk does not give the first of them now.
        """

    @abstractmethod
    async def _layout_bytes(
        self, segment: int, numbers: Collection[int]
    ) -> Mapping[int, bytes | Damaged]:
        """The layouts that `_draft` gave these numbers, or why one cannot be read.

        Raises:
            OSError: The disk does not give them now.
        """

    @abstractmethod
    def _letter_store(self) -> LetterStore:
        """Where the bytes of dead letters are; asked for once."""

    @abstractmethod
    def _segment(self, first: int) -> int:
        """The segment of the record that begins with this batch."""

    @abstractmethod
    def _forget(self, records: Sequence[Record]) -> None:
        """No output needs these any more."""

    def _kept(self, first: int) -> bool:
        """Whether the record that begins with this batch is where it belongs."""
        return True

    @abstractmethod
    async def _moved(self, output: str) -> None:
        """The position of this output changed; return when that is as durable as the batches."""

    @abstractmethod
    async def _shut(self) -> None:
        """Close what is open."""

    async def _write_note(self, output: str, note: bytes) -> None:  # noqa: B027 (as below)
        """Keep this of an output for the next start."""

    async def open(self) -> None:  # noqa: B027 (nothing to do is a fine answer)
        """Make ready; before anything else, and once."""
