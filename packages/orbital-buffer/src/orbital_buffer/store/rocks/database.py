"""The database folder: opens the database in any state, reads, writes and recovers. Mostly blocking."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from orbital_buffer.format.frame import seal
from orbital_buffer.format.stored import (
    NOTE,
    RECORD,
    SUMMARY,
    VERSION,
    layout_key,
    number,
)
from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.errors import BufferUnusable
from orbital_buffer.store.rocks.contents import Contents
from orbital_buffer.store.rocks.damage.quarantine import Quarantine
from orbital_buffer.store.rocks.damage.recheck import PATIENCE, Recheck
from orbital_buffer.store.rocks.errors import is_damage
from orbital_buffer.store.rocks.folder import Folder
from orbital_buffer.store.rocks.port import only
from orbital_buffer.store.rocks.space import Space
from orbital_buffer.store.rocks.start import Starts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from orbital_buffer.store.rocks.port import Pair, Store, Stores, Value

logger = logging.getLogger(__name__)

NO_ROOM: Final = "No space left"
"""Text in the errors of RocksDB and the system on a full disk."""
COMPACT: Final = 64 << 20
"""Bytes of deleted records after which their space is reclaimed by a compaction."""
RARELY: Final = 32
"""Failures after which the interval between two attempts to reopen stops growing."""
MORE: Final = 1 << 20
"""Bytes that must have become free before a rebuild that lacked space is tried again."""


def _there(value: Value, what: str) -> bytes | Damaged:
    return Damaged(f"{what} is not in the database any more") if value is None else value


class Database:
    """One folder, one database, one process.

    Args:
        path: The folder.
        min_free: Bytes to leave free on the volume.
        stores: Opens databases; None for this process.
        patience: Seconds after which a file that is unreadable, while others are not, counts as damaged.
    """

    def __init__(
        self, path: Path, min_free: int, stores: Stores, patience: float = PATIENCE
    ) -> None:
        self._stores = stores
        self._folder = Folder(path)
        self._checkpoints = self._folder.checkpoints
        self.crash_counts = self._folder.crash_counts
        self._space = Space(path, self._folder.ballast, min_free)
        self._quarantine = Quarantine(self._folder.quarantine)
        self._look = Recheck(path, self._folder.database, patience)
        self._starts = Starts(stores, self._folder, self._quarantine, self._look)
        self._store: Store | None = None
        self._tried = (0, 0)
        """Free bytes and bytes of records at the last attempt to rebuild."""
        self.trouble = ""
        """Why it is not open, as a message."""
        self.deleted = 0
        """Bytes of records deleted since the last compaction."""

    def open(self) -> Contents:
        """Lock the folder and open the database. If the disk fails it may stay closed until `recover`.

        Raises:
            BufferUnusable: The folder is locked, of a newer version, or belongs to another user.
        """
        try:
            self._folder.hold()
            found = self._open_with_ballast()
        except OSError as error:
            self.trouble = f"{error}: the database could not be opened yet"
            return Contents(start=self._starts.provisional())
        except BaseException:
            self.close()
            raise
        self._space.take_ballast()
        return found

    @property
    def is_open(self) -> bool:
        return self._store is not None

    @property
    def gone(self) -> bool:
        """Whether the storage process that had it open has ended."""
        return self._store is not None and self._store.ended

    def values(self, keys: Sequence[bytes]) -> list[Value]:
        """The values of these keys in order, up to the first that cannot be read now.

        Raises:
            OSError: The first one cannot be read now.
        """
        try:
            return self._opened.values(keys)
        except OSError as error:
            if self._look.gives_up(str(error)):
                return [Damaged(f"the disk does not give it any more: {error}")]
            raise

    def get(self, key: bytes) -> bytes | None:
        """One value.

        Raises:
            Damaged: It exists but is damaged.
            OSError: The disk failed.
        """
        return only(self.values([key]))

    def records(self, firsts: Sequence[int]) -> dict[int, bytes | Damaged]:
        """Encoded records by their first batches, or the damage of one, up to the first that cannot be read
        now.

        Raises:
            OSError: The first one cannot be read now.
        """
        values = self.values([RECORD + number(first) for first in firsts])
        return {first: _there(value, "it") for first, value in zip(firsts, values, strict=False)}

    def layouts(self, segment: int, numbers: Sequence[int]) -> dict[int, bytes | Damaged]:
        """Encoded layouts of a segment, or the damage of one.

        Raises:
            OSError: The disk failed.
        """
        found: dict[int, bytes | Damaged] = {}
        while missing := [layout for layout in numbers if layout not in found]:
            values = self.values([layout_key(segment, layout) for layout in missing])
            for layout, value in zip(missing, values, strict=False):
                found[layout] = _there(value, f"layout {layout} of segment {segment}")
        return found

    def write(
        self,
        puts: Iterable[Pair],
        drops: Iterable[Pair],
        deletes: Iterable[bytes] = (),
        *,
        sync: bool = False,
    ) -> None:
        """Write atomically; with `sync` also to disk.

        Raises:
            OSError: Not written, or not synced.
        """
        write = self._opened.commit if sync else self._opened.write
        write(puts, drops, deletes)

    def commit(
        self,
        puts: Iterable[Pair],
        drops: Iterable[Pair],
        deletes: Iterable[bytes],
        states: Mapping[str, bytes] | None,
    ) -> str:
        """Write this; if there are states, sync it and note them in the checkpoint.

        Returns:
            Why further records should stay in memory; empty while there is room.

        Raises:
            OSError: Not written, or not synced.
        """
        self.write(puts, drops, deletes, sync=states is not None)
        if states is not None:
            self._checkpoints.write(self._starts.number, states)
        return self.short()

    def write_checkpoint(self, states: Mapping[str, bytes]) -> None:
        """Note these states in the checkpoint while the database cannot be written. Overwrites existing
        blocks, so that it works on a full disk; if it fails, the previous checkpoint remains.
        """
        self._checkpoints.write(self._starts.number, states)

    def note(self, output: str, note: bytes) -> None:
        """Store a note about an output. Errors are ignored: the next write fails, too, and reports them."""
        with suppress(OSError):
            self._opened.write([(NOTE + output.encode(), seal(VERSION, note))])

    def sync(self, states: Mapping[str, bytes]) -> None:
        """Wait until everything written is on disk, including these states.

        Raises:
            OSError: It is not.
        """
        self._opened.sync()
        self._checkpoints.write(self._starts.number, states)

    def short(self) -> str:
        """Why records should stay in memory; empty while there is space."""
        return self._space.short()

    def set_aside(self, key: bytes, name: str, reason: str, **known: object) -> None:
        """Copy a damaged value to the quarantine, as far as it can be read."""
        try:
            data = self._opened.get(key)
        except (Damaged, OSError):
            data = None
        self._quarantine.record(name, data, reason, **known)

    def tidy(self, live: int) -> None:
        """Periodic work: compact after many deletions, reserve the ballast again, check the files."""
        if self.deleted > max(COMPACT, live) and not self._starts.unrepaired:
            self.deleted = 0
            self._opened.compact(SUMMARY, RECORD + b"\xff" * 8)
        self._space.take_ballast()
        self._checkpoints.look()
        self._folder.private()

    def mend(self, live: int) -> Contents | None:
        """Retry a rebuild that lacked space, once there is more of it, or less data to keep.

        Args:
            live: Bytes of records that outputs need.

        Returns:
            Contents of the rebuilt database; None if it was not rebuilt.
        """
        free, (tried_free, tried_live) = self._space.free() or 0, self._tried
        if not self._starts.unrepaired or (free < tried_free + MORE and live > tried_live // 2):
            return None
        self._tried = free, live
        return self._anew(self._starts.unrepaired)

    def recover(self, failures: int, reason: str, *, last: bool = False) -> Contents | None:
        """After a failed write: release the ballast; reopen if that did not help, or on damage.

        Args:
            failures: Consecutive failures.
            reason: Why the last write failed.
            last: There is no later attempt: reopen now, regardless of space.

        Returns:
            Contents of the database if it was reopened.
        """
        full = NO_ROOM in reason or (last and self._space.short())
        if full and self._space.give_up_ballast():
            logger.warning("the disk is full: deleted %s", self._folder.ballast)
        if not (last or self.gone) and (self._space.short() or not self._is_time(failures)):
            return None
        broken = self._store is not None and self._look.is_damage(reason)
        return self._anew(reason if broken else "")

    def close(self) -> None:
        """Close the database and release the folder. Idempotent."""
        store, self._store = self._store, None
        if store is not None:
            store.close()
        self._stores.stop()
        self._folder.release()

    @property
    def _opened(self) -> Store:
        if self._store is None:
            raise OSError("the buffer's database is not open")
        return self._store

    def _is_time(self, failures: int) -> bool:
        """Whether to reopen after this many failures, less and less often. An open database serves readers,
        so it is not closed until the disk can be written.
        """
        if failures & (failures - 1) if failures < RARELY else failures % RARELY:
            return False
        return self._store is None or self._look.works()

    def _anew(self, damage: str) -> Contents | None:
        """Close and reopen it, with `damage` after a repair; None if the disk still fails."""
        store, self._store = self._store, None
        if store is not None:
            store.close()
        try:
            self._folder.hold()
            return self._open(damage)
        except (OSError, BufferUnusable) as error:
            if str(error) != self.trouble:
                logger.warning("the buffer's database does not open again yet: %s", error)
            self.trouble = str(error)
            return None

    def _open_with_ballast(self) -> Contents:
        try:
            return self._open()
        except OSError as error:
            over = self._look.works() and not is_damage(str(error))  # most faults are transient
            if not over and not (NO_ROOM in str(error) and self._space.give_up_ballast()):
                raise
        return self._open()

    def _open(self, damage: str = "") -> Contents:
        self._store, found = self._starts.open(damage)
        self.trouble = ""
        return found
