"""The interface of a database, independent of the process that opens it. Every call may wait for the disk."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_buffer.model.damage import Damaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

logger = logging.getLogger(__name__)

Pair = tuple[bytes, bytes]
"""A key and its value, or start and end of a range of keys."""
Value = bytes | Damaged | None
"""The value of a key, or its damage; None if there is none."""
PORTION: Final = 1 << 20
"""Approximate bytes of a portion."""


def only(values: list[Value]) -> bytes | None:
    """The single requested value; raises its damage."""
    (value,) = values
    if isinstance(value, Damaged):
        raise value
    return value


class Portion(NamedTuple):
    """Some pairs, in order of their keys."""

    pairs: list[Pair]
    following: bytes | None
    """Key at which the next portion begins; None if this was the last."""
    skipped: bool
    """Whether keys in between cannot be read."""


class Mended(NamedTuple):
    """A place in a write-ahead log that was changed because RocksDB would have hung on it."""

    log: str
    """Name of the file."""
    offset: int
    """Offset in the file."""
    data: bytes
    """The original bytes."""
    reason: str


class Opening(NamedTuple):
    """Options for opening a database."""

    quiet: bool = False
    """Without background compaction, as files are damaged."""
    read_only: bool = False
    """Without changes and without a lock. Shows the state at opening, also if another process continues to
    write: all tables are opened at the start."""
    lenient: bool = False
    """Skip damage in the write-ahead log. RocksDB then also skips what cannot be read now, and deletes the
    log: the caller has to keep it."""
    tolerant: bool = False
    """Scans skip what cannot be read from the disk like damage."""


PLAIN: Final = Opening()
"""For reading and writing, without known damage."""


class Store(ABC):
    """One open database."""

    skipped = False
    """Whether a scan met a damaged block."""
    mended: Sequence[Mended] = ()
    """Changes to its log before it was opened."""

    @property
    def ended(self) -> bool:
        """Whether the process that had it open has ended: it must be opened again."""
        return False

    @abstractmethod
    def values(self, keys: Sequence[bytes]) -> list[Value]:
        """The values of these keys in order, up to the first that cannot be read now.

        Raises:
            OSError: The first one cannot be read now.
        """

    def get(self, key: bytes) -> bytes | None:
        """One value.

        Raises:
            Damaged: It exists but is damaged.
            OSError: The disk failed.
        """
        return only(self.values([key]))

    @abstractmethod
    def write(
        self,
        puts: Iterable[Pair],
        drops: Iterable[Pair] = (),
        deletes: Iterable[bytes] = (),
    ) -> None:
        """Write atomically. Afterwards the operating system has it, and the disk after `sync`.

        Args:
            puts: Keys and values.
            drops: Ranges of keys to delete before the puts, end excluded.
            deletes: Single keys to delete after the puts.

        Raises:
            OSError: Not written.
        """

    @abstractmethod
    def sync(self) -> None:
        """Return when everything written is on disk.

        Raises:
            OSError: It is not.
        """

    def commit(
        self, puts: Iterable[Pair], drops: Iterable[Pair] = (), deletes: Iterable[bytes] = ()
    ) -> None:
        """`write` and `sync` in one call.

        Raises:
            OSError: Not written, or not on disk.
        """
        self.write(puts, drops, deletes)
        self.sync()

    @abstractmethod
    def portion(self, kind: bytes, start: bytes) -> Portion:
        """Pairs whose keys begin with this byte, from `start` on: about `PORTION` bytes, and at most up to
        the next damaged block.

        Raises:
            OSError: The disk failed.
        """

    @abstractmethod
    def compact(self, start: bytes, stop: bytes) -> None:
        """Reclaim the space of deleted keys in this range.

        Raises:
            OSError: The disk failed.
        """

    @abstractmethod
    def shut(self) -> None:
        """As `close`.

        Raises:
            OSError: Closing failed.
        """

    def close(self) -> None:
        """Close the database; errors are ignored, as everything synced is safe anyway."""
        try:
            self.shut()
        except OSError as error:
            logger.warning("the buffer's database did not close well: %s", error)

    def scan(self, kind: bytes) -> Iterator[Pair]:
        """All pairs whose keys begin with this byte, in order; those in damaged blocks are left out, and
        `skipped` is set.

        Raises:
            OSError: The disk failed.
        """
        start: bytes | None = kind
        while start is not None:
            pairs, start, skipped = self.portion(kind, start)
            self.skipped = self.skipped or skipped
            yield from pairs


class Stores(ABC):
    """Opens databases."""

    separate = False
    """Whether databases are open in another process, so that this one continues while the disk blocks."""
    on_answer: Callable[[], None] = staticmethod(lambda: None)
    """Called in the caller's thread at each answer of the disk: a long call may have many."""

    @abstractmethod
    def open(self, path: Path, how: Opening = PLAIN) -> Store:
        """Open a database, or create it.

        Raises:
            OSError: It cannot be opened; the message is RocksDB's own.
        """

    @abstractmethod
    def repair(self, path: Path, *, tolerant: bool = False) -> None:
        """Make a usable database of the existing files. Tables with a damaged block are left out.

        Args:
            path: Its folder.
            tolerant: Also leave out what cannot be read from the disk.

        Raises:
            OSError: It is not possible, or the disk failed.
        """

    def stop(self) -> None:  # noqa: B027 (doing nothing is a valid default)
        """Close everything; no method may be called afterwards."""

    def give_up(self, why: str) -> None:  # noqa: B027 (as above)
        """End all waiting calls with an error. Thread-safe."""
