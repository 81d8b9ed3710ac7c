"""The port between the log and its store, in memory or on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from orbital_buffer.format.codec import encode
from orbital_buffer.format.layout import layout_size

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from orbital_buffer.format.layout_cache import LayoutCache
    from orbital_buffer.model.damage import Damaged
    from orbital_buffer.model.index import LogIndex
    from orbital_buffer.model.letter_index import Known
    from orbital_buffer.model.record import Record
    from orbital_buffer.store.folder_usage import FolderUsage
    from orbital_sdk import Batch, Layout


class Draft(NamedTuple):
    """A record that is not stored yet."""

    batches: Sequence[Batch]
    data: bytes
    numbers: Sequence[int]
    """The layout number of each batch."""
    fresh: Mapping[Layout, int]
    """Layouts that are not stored yet, with their numbers."""
    samples: int
    shared: int
    """Bytes of the fresh layouts."""

    @property
    def size(self) -> int:
        """Bytes of the record and its new layouts."""
        return len(self.data) + self.shared

    @classmethod
    def of(
        cls,
        batches: Sequence[Batch],
        numbered: tuple[Sequence[int], Mapping[Layout, int]],
        *,
        segment: int,
        written: int,
    ) -> Draft:
        """Make a record of these batches.

        Args:
            batches: At least one.
            numbered: The layout number of each batch in this segment, and the new layouts.
            segment: The segment of the log.
            written: Current time in monotonic milliseconds.

        Raises:
            ValueError: One of them cannot be stored.
        """
        numbers, fresh = numbered
        data = encode(batches, numbers, segment=segment, written=written)
        samples, shared = sum(b.samples for b in batches), sum(map(layout_size, fresh))
        return cls(batches, data, numbers, fresh, samples, shared)


class StoreStatus(NamedTuple):
    """Whether a store is able to store records."""

    opened: bool = True
    """Whether the records of earlier processes are known."""
    unsaved: int = 0
    """Bytes of records that are in memory only because the disk cannot be written."""
    fill: float = 0.0
    """Fill level of the memory for these, 0 to 1."""
    trouble: str = ""
    """Why the disk cannot be written, as a message; empty when all is well."""


class StoreOwner(Protocol):
    """Callbacks of the log for events in its store."""

    def restored(self, names: Mapping[int, str], notes: Mapping[str, bytes]) -> None:
        """The store opened; the index has its records, followed by those added before.

        Args:
            names: Names of the starts that have batches here, including this one.
            notes: Notes by output.
        """
        ...

    def damaged(self, start: int, stop: int, error: Damaged) -> None:
        """The batches `start` to `stop` are damaged and cannot be read."""
        ...

    def room_made(self) -> None:
        """There may be room for more records."""
        ...


class RecordStore(Protocol):
    """The records of one buffer, and their index."""

    owner: StoreOwner
    """The log; set before `open`."""

    @property
    def lasting(self) -> bool:
        """Whether its records outlive the process."""
        ...

    @property
    def index(self) -> LogIndex:
        """The index of its records. Replaced by another object when a store opens late."""
        ...

    @property
    def cache(self) -> LayoutCache:
        """The decoded layouts of its records."""
        ...

    @property
    def letters(self) -> LetterStore:
        """The store of dead letters, which change atomically with the records."""
        ...

    async def open(self) -> None:
        """Open the store; called once, before all other methods.

        Raises:
            BufferUnusable: It cannot be opened; the message says why and what to do.
        """
        ...

    def draft(self, batches: Sequence[Batch], written: int) -> Draft:
        """Make a record of these batches, `written` in monotonic milliseconds. Stores nothing yet.

        Raises:
            ValueError: One of them cannot be stored.
        """
        ...

    async def add(self, record: Record, draft: Draft, readers: Sequence[str]) -> None:
        """Store this record as durably as the store can; then add it to the index for these outputs."""
        ...

    def kept(self, first: int) -> bool:
        """Whether the record that begins with this batch is finally stored: on disk, if there is one."""
        ...

    async def load(self, records: Sequence[Record]) -> Mapping[int, bytes | Damaged]:
        """Encoded records by first batch, or the damage of one. If the disk fails on the way, the rest may be
        missing.

        Raises:
            OSError: The first one cannot be read now.
        """
        ...

    async def layouts(
        self, segment: int, numbers: Collection[int]
    ) -> Mapping[int, bytes | Damaged]:
        """The layouts with these numbers, or the damage of one.

        Raises:
            OSError: They cannot be read now.
        """
        ...

    def segment(self, first: int) -> int:
        """The segment of the record that begins with this batch."""
        ...

    async def commit(self) -> None:
        """Return when the changes of the index are as durable as this store can make them."""
        ...

    def fits(self, size: int) -> bool:
        """Whether it has room for `size` more bytes, regardless of the buffer's limits."""
        ...

    def surplus(self) -> int | None:
        """The first batch of the record to drop next for lack of room; None while there is room."""
        ...

    def set_aside(self, start: int, stop: int, error: Damaged) -> None:
        """Copy the damaged batches `start` to `stop` to the quarantine, if there is one."""
        ...

    def status(self) -> StoreStatus:
        """The current status."""
        ...

    async def note(self, output: str, note: bytes) -> None:
        """Store a note about an output for the next start."""
        ...

    async def folder_usage(self) -> FolderUsage | None:
        """Its folder; None in memory. While the disk does not answer, the last known state."""
        ...

    async def close(self) -> None:
        """Close the store; no method may be called afterwards."""
        ...


class LetterOwner(Protocol):
    """Callbacks of the dead letters for events in their store."""

    def restored(
        self, found: Mapping[int, tuple[str, Known]], bad: Mapping[int, str], start: int
    ) -> None:
        """The store opened, with these letters and with damaged ones, which are counted.

        Args:
            found: Letters by id, with their outputs.
            bad: Damaged letters by id, with the reason.
            start: Number of this start, from which new ids are made.
        """
        ...

    def replaced(self, there: Collection[int], bad: Mapping[int, str]) -> None:
        """The database was replaced, and has these letters."""
        ...


class LetterStore(Protocol):
    """Stores letters by id. Changes are written to disk with the next state of their output."""

    owner: LetterOwner

    def put(self, letter: int, data: bytes) -> None:
        """Store this letter."""
        ...

    async def get(self, letter: int) -> bytes:
        """Read a letter.

        Raises:
            Damaged: It is damaged or missing.
            OSError: The disk failed.
        """
        ...

    def drop(self, letters: Iterable[int], *, after: int = 0) -> None:
        """Delete these letters.

        Args:
            letters: Ids of the letters.
            after: First batch of the record that must be as durable as the letters before they are deleted.
        """
        ...

    def set_aside(self, letter: int, reason: str) -> None:
        """Copy a damaged letter to the quarantine."""
        ...
