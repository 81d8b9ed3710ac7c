"""A snapshot of a buffer's index as plain data, of a running agent or of the folder of a stopped one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from orbital_buffer.format.codec import decode
from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.intervals import Pieces  # noqa: TC001 (msgspec reads annotations)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orbital_buffer.format.codec import Opened
    from orbital_buffer.ledger import Account
    from orbital_buffer.model.index import LogIndex
    from orbital_buffer.model.position import Position
    from orbital_buffer.model.record import Record
    from orbital_buffer.store.folder_usage import FolderUsage
    from orbital_sdk import Layout

ATTACHED: Final = "attached"
"""It gets new samples (of a stopped agent: it did at the stop)."""
ORPHANED: Final = "orphaned"
"""It is not configured any more: its samples are kept, and it gets no new ones."""
REMOVED: Final = "removed"
"""It was removed; its counts are kept."""


class OutputBook(msgspec.Struct, frozen=True):
    """One output: its account, and what it still needs."""

    name: str
    state: str
    accepted: int
    delivered: int
    waiting: int
    dead_lettered: int
    dropped: dict[str, int]
    needs: Pieces = []
    """Batches that it has not acknowledged, as half-open intervals."""
    oldest_ms: int | None = None
    """Milliseconds UTC of the oldest waiting batch."""
    orphaned_ms: int | None = None
    """Milliseconds UTC since when it is an orphan."""
    letters: int = 0
    """Dead letters that are kept."""
    letters_gone: dict[str, int] = {}
    """Removed dead letters by reason."""
    recovered: int = 0
    """Samples that were recovered from the quarantine."""


class Books(msgspec.Struct, frozen=True):
    """The state of a buffer."""

    outputs: list[OutputBook]
    records: int
    batches: int
    samples: int
    """Each once, even if several outputs need it."""
    size: int
    """Bytes of records and layouts."""
    fill: float
    """0 to 1."""
    oldest_ms: int | None = None
    unsaved: int = 0
    """Bytes that are in memory only because the disk cannot be written."""
    trouble: str = ""


class Stored(msgspec.Struct, frozen=True):
    """A record: its index entry, and its bytes."""

    first: int
    segment: int
    size: int
    written: int
    oldest_ms: int
    counts: list[int]
    """Samples of each batch."""
    data: bytes = b""
    damage: str = ""
    """Why there are no bytes."""

    @property
    def stop(self) -> int:
        """The sequence number after its last batch."""
        return self.first + len(self.counts)

    @property
    def samples(self) -> int:
        return sum(self.counts)

    def opened(self) -> Opened:
        """Decode its heads.

        Raises:
            Damaged: It cannot be read, or it is not the record of the index entry.
        """
        if self.damage:
            raise Damaged(self.damage)
        opened = decode(self.data)
        if [head.samples for head in opened.heads] != self.counts:
            raise Damaged("it holds other batches than the books say")
        if opened.segment != self.segment:
            raise Damaged(f"it is of segment {opened.segment}, the books say {self.segment}")
        return opened


class Page(msgspec.Struct, frozen=True):
    """Some records in order, and the state of the buffer at the same time."""

    books: Books
    records: list[Stored]
    following: int | None
    """Start of the next page; None if this is the last one."""


class BufferView(Protocol):
    """A buffer to inspect. Blocking."""

    @property
    def folder_usage(self) -> FolderUsage | None:
        """Its folder; None for a buffer in memory."""
        ...

    def books(self) -> Books:
        """Its current contents."""
        ...

    def pages(self, start: int = 0) -> Iterator[Page]:
        """All records from this batch on."""
        ...

    def layouts(self, segment: int, numbers: Sequence[int]) -> dict[int, Layout]:
        """Layouts of a segment, without damaged ones."""
        ...

    def has(self, seq: int) -> bool:
        """Whether this batch still exists: a running agent may have delivered it meanwhile."""
        ...


def books_of(
    log: LogIndex, letters: Mapping[str, int], fill: float, *, unsaved: int = 0, trouble: str = ""
) -> Books:
    """The current state.

    Args:
        log: Records, positions and ledger.
        letters: Numbers of dead letters by output.
        fill: 0 to 1.
        unsaved: Bytes that are in memory only.
        trouble: Why they are.
    """
    accounts = sorted(log.ledger.accounts().items())
    return Books(
        outputs=[_output(log, name, account, letters.get(name, 0)) for name, account in accounts],
        records=len(log.records),
        batches=log.batches,
        samples=log.samples,
        size=log.size + log.shared,
        fill=fill,
        oldest_ms=log.records[0].oldest_ms if log.records else None,
        unsaved=unsaved,
        trouble=trouble,
    )


def stored_of(record: Record, segment: int, data: bytes = b"", damage: str = "") -> Stored:
    """A record with its bytes, or the reason why there are none."""
    counts = [record.samples] if record.counts is None else record.counts.tolist()
    return Stored(
        record.first, segment, record.size, record.written, record.oldest_ms, counts, data, damage
    )


def _output(log: LogIndex, name: str, account: Account, letters: int) -> OutputBook:
    position = log.positions.get(name)
    first = None if position is None else position.first
    return OutputBook(
        name=name,
        state=_state(position),
        accepted=account.accepted,
        delivered=account.delivered,
        waiting=account.waiting,
        dead_lettered=account.dead_lettered,
        dropped=dict(account.dropped),
        needs=[] if position is None else position.needs,
        oldest_ms=None if first is None else log.record(first).oldest_ms,
        orphaned_ms=None if position is None else position.orphaned_ms or None,
        letters=letters,
        letters_gone=dict(account.letters_gone),
        recovered=account.recovered,
    )


def _state(position: Position | None) -> str:
    if position is not None and position.reading:
        return ATTACHED
    return ORPHANED if position is not None and position.first is not None else REMOVED
