"""What a log asks of the place where its bytes are: memory, or a disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from orbital_runtime.buffer.format.codec import encode
from orbital_runtime.buffer.format.layout import layout_size

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from orbital_runtime.buffer.format.layout_cache import LayoutCache
    from orbital_runtime.buffer.model.damage import Damaged
    from orbital_runtime.buffer.model.index import LogIndex
    from orbital_runtime.buffer.model.letter_index import Known
    from orbital_runtime.buffer.model.record import Record
    from orbital_runtime.buffer.store.place import Place
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

    @property
    def size(self) -> int:
        """Bytes of all that it adds."""
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
        """A record of these batches.

        Args:
            batches: At least one.
            numbered: The number of each one's layout in this segment, and which layouts are new.
            segment: Which segment of the log it belongs to.
            written: Steady milliseconds now.

        Raises:
            ValueError: One of them cannot be stored.
        """
        numbers, fresh = numbered
        data = encode(batches, numbers, segment=segment, written=written)
        samples, shared = sum(b.samples for b in batches), sum(map(layout_size, fresh))
        return cls(batches, data, numbers, fresh, samples, shared)


class StoreStatus(NamedTuple):
    """Whether a store takes what it is given."""

    opened: bool = True
    """Whether what earlier processes left is known yet."""
    unsaved: int = 0
    """Bytes of records that are in memory only, because the disk does not take them."""
    fill: float = 0.0
    """0 to 1: how full the memory for these is."""
    trouble: str = ""
    """Why it does not take them, in words; empty when all is well."""


class StoreOwner(Protocol):
    """The log on a store, told of what happens there by itself."""

    def restored(self, names: Mapping[int, str], notes: Mapping[str, bytes]) -> None:
        """The store opened, and the index has what was there, with what was added before on top.

        Args:
            names: Of the starts that have batches here, this one included.
            notes: By output.
        """
        ...

    def damaged(self, start: int, stop: int, error: Damaged) -> None:
        """The batches `start` to `stop` cannot be read any more."""
        ...

    def room_made(self) -> None:
        """There may be room for more."""
        ...


class RecordStore(Protocol):
    """The bytes of one buffer, and the index of what is there."""

    owner: StoreOwner
    """Set before it is opened."""

    @property
    def lasting(self) -> bool:
        """Whether it outlives the process."""
        ...

    @property
    def index(self) -> LogIndex:
        """What is there. Another object once a store that could not be opened is open at last."""
        ...

    @property
    def cache(self) -> LayoutCache:
        """The layouts of its records, as objects."""
        ...

    @property
    def letters(self) -> LetterStore:
        """The bytes of dead letters, which change in the same step as the records."""
        ...

    async def open(self) -> None:
        """Make ready; before anything else, and once.

        Raises:
            BufferUnusable: It cannot be; the message says why and what to do.
        """
        ...

    def draft(self, batches: Sequence[Batch], written: int) -> Draft:
        """A record of these batches, `written` in steady milliseconds. Changes nothing yet.

        Raises:
            ValueError: One of them cannot be stored.
        """
        ...

    async def add(self, record: Record, draft: Draft, readers: Sequence[str]) -> None:
        """Keep this, as durably as this store can. These outputs get it as soon as that is done."""
        ...

    def kept(self, first: int) -> bool:
        """Whether the record that begins with this batch is where it belongs: on disk, if there is one."""
        ...

    async def load(self, records: Sequence[Record]) -> Mapping[int, bytes | Damaged]:
        """Records as bytes by first batch, or why one cannot be read. Where the disk fails on the way, those
        from there on may be missing.

        Raises:
            OSError: The disk does not give the first of them now.
        """
        ...

    async def layouts(
        self, segment: int, numbers: Collection[int]
    ) -> Mapping[int, bytes | Damaged]:
        """The layouts that `draft` gave these numbers, or why one cannot be read.

        Raises:
            OSError: The disk does not give them now.
        """
        ...

    def segment(self, first: int) -> int:
        """The segment of the record that begins with this batch."""
        ...

    async def commit(self) -> None:
        """Return when what changed in the index is as durable as this store can make it."""
        ...

    def fits(self, size: int) -> bool:
        """Whether it can take so many bytes more, whatever the limits say."""
        ...

    def surplus(self) -> int | None:
        """The first batch of the record that has to go next for want of room; None while there is some."""
        ...

    def set_aside(self, start: int, stop: int, error: Damaged) -> None:
        """Copy the batches `start` to `stop`, which are damaged, to the quarantine, if there is one."""
        ...

    def status(self) -> StoreStatus:
        """As it is now."""
        ...

    async def note(self, output: str, note: bytes) -> None:
        """Keep this of an output for the next start."""
        ...

    async def place(self) -> Place | None:
        """Its folder, None in memory. While the disk does not answer: as it was last."""
        ...

    async def close(self) -> None:
        """Nothing after this."""
        ...


class LetterOwner(Protocol):
    """The dead letters on a store, told of what happens there by itself."""

    def restored(
        self, found: Mapping[int, tuple[str, Known]], bad: Mapping[int, str], start: int
    ) -> None:
        """The store opened. These are there, and the bad ones, which are counted, cannot be read.

        Args:
            found: By id, with their outputs.
            bad: By id, and why.
            start: New ones get ids of this start.
        """
        ...

    def replaced(self, there: Collection[int], bad: Mapping[int, str]) -> None:
        """The database is another one, which has these."""
        ...


class LetterStore(Protocol):
    """Keeps letters by id. What is put and dropped gets to the disk with the next state of their output."""

    owner: LetterOwner

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

    def drop(self, letters: Iterable[int], *, after: int = 0) -> None:
        """Forget these.

        Args:
            letters: By id.
            after: The batch that begins the record which has to be as safe as they are before.
        """
        ...

    def set_aside(self, letter: int, reason: str) -> None:
        """Copy one that is damaged to the quarantine."""
        ...
