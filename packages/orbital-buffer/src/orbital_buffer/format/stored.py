"""Encoding of keys, summaries of records and states of outputs of the disk buffer.

Values are `crc32 | version | msgpack`. Keys have a prefix for the kind of value:

    i + first     summary of a record          o + name               state of an output
    r + first     the record (codec)           l + segment + number   a layout (layout)
    m             `Meta`                       d + id                a dead letter (letter)
    n + name      a note of an output

`first` is the sequence number of the record's first batch, 8 bytes big endian: keys sort as the log does.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from orbital_buffer.format.frame import seal, unseal
from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.record import Record

if TYPE_CHECKING:
    from orbital_buffer.format.codec import Opened
    from orbital_buffer.ledger import Account
    from orbital_buffer.model.position import Position

VERSION: Final = 1
SUMMARY: Final = b"i"
RECORD: Final = b"r"
LAYOUT: Final = b"l"
OUTPUT: Final = b"o"
META: Final = b"m"
LETTER: Final = b"d"
NOTE: Final = b"n"

_T = TypeVar("_T")
_encoder: Final = msgspec.msgpack.Encoder()


class Summary(msgspec.Struct, array_like=True, frozen=True):
    """The index entry of a record, so that a start does not have to read records."""

    segment: int
    size: int
    written: int
    oldest_ms: int
    counts: list[int]
    """Samples of each batch."""

    def record(self, first: int) -> Record:
        """The index entry; no output needs it yet."""
        counts = array("I", self.counts) if len(self.counts) > 1 else None
        return Record(
            first, len(self.counts), sum(self.counts), self.size, self.written, self.oldest_ms,
            counts, 0,
        )  # fmt: skip


class State(msgspec.Struct, array_like=True, frozen=True):
    """The state of an output: its account, and what it has not acknowledged."""

    accepted: int = 0
    delivered: int = 0
    dead_lettered: int = 0
    dropped: dict[str, int] = {}
    attached: bool = False
    """Whether it has a position; the account is kept after `detach`."""
    reading: bool = False
    next: int = 0
    """Records from here on are newer than this state (if it is attached)."""
    saved: int = 0
    """Records from here on were in memory only."""
    todo: list[tuple[int, int]] = []
    orphaned_ms: int = 0
    """Milliseconds UTC since when it is an orphan; 0: it is none, or that is unknown yet."""
    letters_gone: dict[str, int] = {}
    recovered: int = 0
    lost: list[tuple[int, int]] = []
    """Damaged batches that it needed, which `recover` may recover."""
    back: list[tuple[int, int]] = []
    """Recovered batches."""

    @property
    def progress(self) -> int:
        """Grows with each change."""
        gone = sum(self.dropped.values()) + sum(self.letters_gone.values())
        return self.accepted + self.delivered + self.dead_lettered + gone


class Meta(msgspec.Struct, array_like=True, frozen=True):
    """Metadata of the database."""

    start: int
    """Number of times it was opened. Each start numbers its batches from `start << 32` on, so that no
    number is used twice, even after a crash.
    """
    names: dict[int, str] = {}
    """Names of this start, and of those that have batches here, by number."""


def summary_of(record: Record, segment: int) -> Summary:
    """The summary of a new record."""
    counts = [record.samples] if record.counts is None else record.counts.tolist()
    return Summary(segment, record.size, record.written, record.oldest_ms, counts)


def summary_from(opened: Opened, size: int) -> Summary:
    """The summary of a stored record of this size."""
    heads = opened.heads
    oldest = min(head.ts for head in heads)
    return Summary(opened.segment, size, opened.written, oldest, [head.samples for head in heads])


def state_of(
    account: Account, position: Position | None, *, following: int, saved: int, more: Record | None
) -> State:
    """The state of an output.

    Args:
        account: Its counts.
        position: None if it is detached.
        following: The next sequence number.
        saved: The first batch whose record is in memory only.
        more: A record for it that is written together with this state.
    """
    dropped = {reason: count for reason, count in account.dropped.items() if count}
    counts = (account.accepted, account.delivered, account.dead_lettered, dropped)
    gone = {reason: count for reason, count in account.letters_gone.items() if count}
    if position is None:
        return State(*counts, letters_gone=gone, recovered=account.recovered)
    aside = (gone, account.recovered, list(position.lost), list(position.back))
    todo = position.todo.copy()
    todo.update(position.flight)
    if more is not None:
        todo.add(more.first, more.stop)
        counts = (account.accepted + more.samples, *counts[1:])
    if not position.reading:  # it gets nothing new, so its state is not written again and again
        since = position.orphaned_ms
        return State(*counts, True, False, 0, 0, list(todo), since, *aside)
    return State(*counts, True, True, following, saved, list(todo), 0, *aside)


def pack(value: msgspec.Struct) -> bytes:
    """Encode a value."""
    return seal(VERSION, _encoder.encode(value))


def unpack(kind: type[_T], data: bytes) -> _T:
    """Decode a value.

    Raises:
        Damaged: The bytes are not what was written.
    """
    try:
        return msgspec.msgpack.decode(unseal(VERSION, data), type=kind)
    except msgspec.MsgspecError as error:
        raise Damaged(f"not a {kind.__name__.lower()}: {error}") from error


def number(first: int) -> bytes:
    """A sequence number as part of a key."""
    return first.to_bytes(8, "big")


def letter_key(letter: int) -> bytes:
    """The key of a dead letter."""
    return LETTER + number(letter)


def layout_key(segment: int, layout: int) -> bytes:
    """The key of a layout; segment and number have 4 bytes each."""
    return LAYOUT + segment.to_bytes(4, "big") + layout.to_bytes(4, "big")
