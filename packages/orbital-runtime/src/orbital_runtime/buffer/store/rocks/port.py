"""What a buffer asks of its database, whichever process has it open. Every call may wait for the disk."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_runtime.buffer.model.damage import Damaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

logger = logging.getLogger(__name__)

Pair = tuple[bytes, bytes]
"""A key and its value, or the two ends of a range of keys."""
Value = bytes | Damaged | None
"""What is under a key, or why that cannot be read; None if nothing is."""
PORTION: Final = 1 << 20
"""Bytes of a portion, about."""


def only(values: list[Value]) -> bytes | None:
    """The one value that was asked for; raises what is wrong with it."""
    (value,) = values
    if isinstance(value, Damaged):
        raise value
    return value


class Portion(NamedTuple):
    """Some pairs in order."""

    pairs: list[Pair]
    following: bytes | None
    """Where the next portion begins; None if this was the last."""
    skipped: bool
    """Whether there are keys between that cannot be read."""


class Mended(NamedTuple):
    """A place in a write-ahead log that RocksDB would not have got past."""

    log: str
    """Name of the file."""
    offset: int
    """Where in it."""
    data: bytes
    """What was there."""
    reason: str


class Opening(NamedTuple):
    """How a database is opened."""

    quiet: bool = False
    """Rewrite nothing by itself, as the files are damaged."""
    read_only: bool = False
    """Change nothing, and need no lock. All is as it was at opening, whoever goes on writing: every table is
    held open from the start."""
    lenient: bool = False
    """Skip what is damaged in the write-ahead log. RocksDB then skips what cannot be read now, too, and lets
    go of the log: somebody else keeps it."""
    tolerant: bool = False
    """A scan skips what the disk does not give as it skips what is damaged."""


PLAIN: Final = Opening()
"""To be written, and nothing is known to be wrong with it."""


class Store(ABC):
    """One open database."""

    skipped = False
    """Whether a scan met a damaged block."""
    mended: Sequence[Mended] = ()
    """What was changed in its log before it was opened."""

    @property
    def ended(self) -> bool:
        """Whether the process that had it open is gone: only opening it again helps."""
        return False

    @abstractmethod
    def values(self, keys: Sequence[bytes]) -> list[Value]:
        """What is under these keys, in their order, up to the first that the disk does not give now.

        Raises:
            OSError: It does not give the first one.
        """

    def get(self, key: bytes) -> bytes | None:
        """One value.

        Raises:
            Damaged: It is there and cannot be read.
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
        """All of this or nothing. The system has it then, and the disk after `sync`.

        Args:
            puts: Keys and values.
            drops: Ranges of keys to delete before, the end excluded.
            deletes: Single keys to delete after.

        Raises:
            OSError: Not written.
        """

    @abstractmethod
    def sync(self) -> None:
        """Return when all that was written is on the disk.

        Raises:
            OSError: It is not.
        """

    def commit(
        self, puts: Iterable[Pair], drops: Iterable[Pair] = (), deletes: Iterable[bytes] = ()
    ) -> None:
        """`write` and `sync` in one call.

        Raises:
            OSError: Not written, or not on the disk.
        """
        self.write(puts, drops, deletes)
        self.sync()

    @abstractmethod
    def portion(self, kind: bytes, start: bytes) -> Portion:
        """Pairs whose keys begin with this byte, from `start` on: as many as make a portion, and those up
        to the next damaged block at most.

        Raises:
            OSError: The disk failed.
        """

    @abstractmethod
    def compact(self, start: bytes, stop: bytes) -> None:
        """Give back the room of what was deleted in this range.

        Raises:
            OSError: The disk failed.
        """

    @abstractmethod
    def shut(self) -> None:
        """As `close`.

        Raises:
            OSError: It did not close well.
        """

    def close(self) -> None:
        """Nothing after this. All that was written and synced is safe whether or not it closes well."""
        try:
            self.shut()
        except OSError as error:
            logger.warning("the buffer's database did not close well: %s", error)

    def scan(self, kind: bytes) -> Iterator[Pair]:
        """All keys that begin with this byte, with their values, in order; those of damaged blocks are left
        out, and `skipped` is set.

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

    apart = False
    """Whether they are open in another process, so that everything else goes on while the disk does not."""
    on_answer: Callable[[], None] = staticmethod(lambda: None)
    """Called in the caller's thread whenever the disk has answered: a call that takes long may have many."""

    @abstractmethod
    def open(self, path: Path, how: Opening = PLAIN) -> Store:
        """Open one, or make it.

        Raises:
            OSError: It cannot be opened; the message is RocksDB's own.
        """

    @abstractmethod
    def repair(self, path: Path, *, tolerant: bool = False) -> None:
        """Make a database that opens of the files that are left. Tables with a damaged block are left out.

        Args:
            path: Its folder.
            tolerant: Leave out what the disk does not give, too.

        Raises:
            OSError: There is no way, or the disk failed meanwhile.
        """

    def stop(self) -> None:  # noqa: B027 (nothing to do is a fine answer)
        """Nothing after this; everything is closed."""

    def give_up(self, why: str) -> None:  # noqa: B027 (as above)
        """Wait no longer: who waits for an answer gets an error. From any thread."""
