"""The folder with its database, opened whatever state it is in. Most of it blocks."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from orbital_runtime.buffer.format.frame import seal
from orbital_runtime.buffer.format.stored import (
    NOTE,
    RECORD,
    SUMMARY,
    VERSION,
    layout_key,
    number,
)
from orbital_runtime.buffer.model.damage import Damaged
from orbital_runtime.buffer.model.errors import BufferUnusable
from orbital_runtime.buffer.store.rocks.contents import Contents
from orbital_runtime.buffer.store.rocks.damage.quarantine import Quarantine
from orbital_runtime.buffer.store.rocks.damage.second_look import PATIENCE, SecondLook
from orbital_runtime.buffer.store.rocks.errors import is_damage
from orbital_runtime.buffer.store.rocks.folder import Folder
from orbital_runtime.buffer.store.rocks.port import only
from orbital_runtime.buffer.store.rocks.space import Space
from orbital_runtime.buffer.store.rocks.start import Starts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from orbital_runtime.buffer.store.rocks.port import Pair, Store, Stores, Value

logger = logging.getLogger(__name__)

NO_ROOM: Final = "No space left"
"""What RocksDB and the system say on a full disk."""
COMPACT: Final = 64 << 20
"""Bytes of deleted records that may take up room before it is given back."""
RARELY: Final = 32
"""Failed tries after which the next one comes no later than after as many again."""
MORE: Final = 1 << 20
"""Bytes that must have become free before something that had no room is tried again."""


def _there(value: Value, what: str) -> bytes | Damaged:
    return Damaged(f"{what} is not in the database any more") if value is None else value


class Database:
    """One folder, one database, one process.

    Args:
        path: The folder.
        min_free: Bytes of the volume that stay free.
        stores: Opens databases; None: in this process.
        patience: Seconds for which a file is unreadable, all else being well, until that is damage.
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
        self._look = SecondLook(path, self._folder.database, patience)
        self._starts = Starts(stores, self._folder, self._quarantine, self._look)
        self._store: Store | None = None
        self._tried = (0, 0)
        """Bytes free, and bytes of records, when that was tried last."""
        self.trouble = ""
        """Why it is not open."""
        self.deleted = 0
        """Bytes of records deleted since the last compaction."""

    def open(self) -> Contents:
        """Lock the folder and open the database. Where the disk fails it may stay closed: `recover` opens it.

        Raises:
            BufferUnusable: The folder is locked, newer, or not ours.
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
        """Whether the process that had it open ended."""
        return self._store is not None and self._store.ended

    def values(self, keys: Sequence[bytes]) -> list[Value]:
        """What is under these keys, in their order, up to the first that the disk does not give now.

        Raises:
            OSError: It does not give the first one.
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
            Damaged: It is there and cannot be read.
            OSError: The disk failed.
        """
        return only(self.values([key]))

    def records(self, firsts: Sequence[int]) -> dict[int, bytes | Damaged]:
        """The records that begin with these batches, as bytes, or why one cannot be read, up to the first
        that the disk does not give now.

        Raises:
            OSError: It does not give the first one.
        """
        values = self.values([RECORD + number(first) for first in firsts])
        return {first: _there(value, "it") for first, value in zip(firsts, values, strict=False)}

    def layouts(self, segment: int, numbers: Sequence[int]) -> dict[int, bytes | Damaged]:
        """Layouts of a segment as bytes, or why one cannot be read.

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
        """All of it or nothing; `sync` makes it last.

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
        """Write this, and sync it where there are states, which are noted beside it.

        Returns:
            Why further records should stay in memory; empty while there is room.

        Raises:
            OSError: It is not written, or not synced.
        """
        self.write(puts, drops, deletes, sync=states is not None)
        if states is not None:
            self._checkpoints.write(self._starts.number, states)
        return self.short()

    def vouch(self, states: Mapping[str, bytes]) -> None:
        """Note these states beside the database, which does not take them. That writes over what the file has
        already, so it works on a full disk; where nothing works, the note before it stays.
        """
        self._checkpoints.write(self._starts.number, states)

    def note(self, output: str, note: bytes) -> None:
        """Keep a note of an output. What fails here fails at the next write too, which tells."""
        with suppress(OSError):
            self._opened.write([(NOTE + output.encode(), seal(VERSION, note))])

    def sync(self, states: Mapping[str, bytes]) -> None:
        """Wait until the disk has all that was written: these states among others.

        Raises:
            OSError: It has not.
        """
        self._opened.sync()
        self._checkpoints.write(self._starts.number, states)

    def short(self) -> str:
        """Why records should stay in memory; empty while there is room."""
        return self._space.short()

    def set_aside(self, key: bytes, name: str, reason: str, **known: object) -> None:
        """Copy what is damaged to the quarantine, as far as it can be read."""
        try:
            data = self._opened.get(key)
        except (Damaged, OSError):
            data = None
        self._quarantine.record(name, data, reason, **known)

    def tidy(self, live: int) -> None:
        """Now and then: give back room once much was deleted, take the ballast again, look at the files."""
        if self.deleted > max(COMPACT, live) and not self._starts.worn:
            self.deleted = 0
            self._opened.compact(SUMMARY, RECORD + b"\xff" * 8)
        self._space.take_ballast()
        self._checkpoints.look()
        self._folder.private()

    def mend(self, live: int) -> Contents | None:
        """Rebuild a database that could not be for want of room, once there is more of it, or less to save.

        Args:
            live: Bytes of records that somebody needs.

        Returns:
            What is in it then.
        """
        free, (tried_free, tried_live) = self._space.free() or 0, self._tried
        if not self._starts.worn or (free < tried_free + MORE and live > tried_live // 2):
            return None
        self._tried = free, live
        return self._anew(self._starts.worn)

    def recover(self, failures: int, reason: str, *, last: bool = False) -> Contents | None:
        """After a failed write: give up the ballast; open anew where that did not help, or on damage.

        Args:
            failures: Failed tries in a row.
            reason: Why the last one did.
            last: There is no later try: open anew now, whatever room there is.

        Returns:
            What is in the database when it was opened anew.
        """
        full = NO_ROOM in reason or (last and self._space.short())
        if full and self._space.give_up_ballast():
            logger.warning("the disk is full: gave up %s", self._folder.ballast)
        if not (last or self.gone) and (self._space.short() or not self._is_time(failures)):
            return None
        broken = self._store is not None and self._look.is_damage(reason)
        return self._anew(reason if broken else "")

    def close(self) -> None:
        """Safe twice."""
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
        """Whether to open it anew after so many failures: ever more rarely. An open one serves readers, so it
        is not closed before the disk takes something.
        """
        if failures & (failures - 1) if failures < RARELY else failures % RARELY:
            return False
        return self._store is None or self._look.works()

    def _anew(self, damage: str) -> Contents | None:
        """Close it and open it again, with `damage` another one; nothing where the disk fails still."""
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
            over = self._look.works() and not is_damage(str(error))  # most faults are over at once
            if not over and not (NO_ROOM in str(error) and self._space.give_up_ballast()):
                raise
        return self._open()

    def _open(self, damage: str = "") -> Contents:
        self._store, found = self._starts.open(damage)
        self.trouble = ""
        return found
