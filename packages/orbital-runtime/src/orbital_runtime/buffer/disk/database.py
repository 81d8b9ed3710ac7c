"""The folder with its database, opened whatever state it is in. Most of it blocks."""

from __future__ import annotations

import logging
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from orbital_runtime.buffer.contract import BufferUnusable
from orbital_runtime.buffer.disk.folder import Folder
from orbital_runtime.buffer.disk.quarantine import Quarantine
from orbital_runtime.buffer.disk.restore import Found, find
from orbital_runtime.buffer.disk.salvage import meta_of, open_store, rebuild
from orbital_runtime.buffer.disk.space import Space
from orbital_runtime.buffer.disk.stored import META, NOTE, RECORD, SUMMARY, VERSION, Meta, pack
from orbital_runtime.buffer.frame import seal
from orbital_runtime.storage.errors import Damaged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from orbital_runtime.storage.port import Store, Stores

logger = logging.getLogger(__name__)

NO_ROOM: Final = "No space left"
"""What RocksDB and the system say on a full disk."""
COMPACT: Final = 64 << 20
"""Bytes of deleted records that may take up room before it is given back."""
REOPEN: Final = 5
"""Failed tries after which the database is opened anew: RocksDB goes on by itself where room came back, and
nowhere else."""


class Database:
    """One folder, one database, one process.

    Args:
        path: The folder.
        min_free: Bytes of the volume that stay free.
        stores: Opens databases.
    """

    def __init__(self, path: Path, min_free: int, stores: Stores) -> None:
        self._stores = stores
        self._folder = Folder(path)
        self._checkpoints = self._folder.checkpoints
        self._space = Space(path, self._folder.ballast, min_free)
        self._quarantine = Quarantine(self._folder.quarantine)
        self._store: Store | None = None
        self._start = 0
        self.deleted = 0
        """Bytes of records deleted since the last compaction."""

    def open(self) -> Found:
        """Lock the folder and open the database. On a full disk it may stay closed: `recover` opens it.

        Raises:
            BufferUnusable: The folder is locked, newer, or not ours.
        """
        self._folder.hold()
        try:
            found = self._open_with_ballast()
        except OSError as error:
            self.close()
            raise BufferUnusable(
                f"the buffer in {self._folder.path} does not open: {error}"
            ) from error
        except BaseException:
            self.close()
            raise
        self._space.take_ballast()
        return found

    @property
    def is_open(self) -> bool:
        return self._store is not None

    def get(self, key: bytes) -> bytes | None:
        """One value; a record or layout is read in microseconds, and rocksdict keeps the GIL anyway.

        Raises:
            Damaged: It is there and cannot be read.
            OSError: The disk failed.
        """
        return self._opened.get(key)

    def write(
        self,
        puts: Iterable[tuple[bytes, bytes]],
        drops: Iterable[tuple[bytes, bytes]],
        deletes: Iterable[bytes] = (),
    ) -> None:
        """All of it or nothing; `sync` makes it last.

        Raises:
            OSError: Not written.
        """
        self._opened.write(puts, drops, deletes)

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
        self._checkpoints.write(self._start, states)

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
        if self.deleted > max(COMPACT, live):
            self.deleted = 0
            self._opened.compact(SUMMARY, RECORD + b"\xff" * 8)
        self._space.take_ballast()
        self._checkpoints.look()
        self._folder.private()

    def recover(self, failures: int, reason: str, *, last: bool = False) -> Found | None:
        """After a failed write: give up the ballast; open anew where that did not help, or on damage.

        Args:
            failures: Failed tries in a row.
            reason: Why the last one did.
            last: There is no later try: open anew now, whatever room there is.

        Returns:
            What is in the database when it was opened anew.
        """
        if NO_ROOM in reason and self._space.give_up_ballast():
            logger.warning("the disk is full: gave up %s", self._folder.ballast)
        damage = reason if "Corruption" in reason else ""
        wait = self._space.short() or (self._store is not None and failures % REOPEN)
        if wait and not last and not (damage and self._store is not None):
            return None
        try:
            if self._store is not None:
                store, self._store = self._store, None
                store.close()
            return self._open(damage)
        except OSError as error:
            logger.warning("the buffer's database does not open again yet: %s", error)
            return None

    def close(self) -> None:
        """Safe twice."""
        store, self._store = self._store, None
        if store is not None:
            store.close()
        self._folder.release()

    @property
    def _opened(self) -> Store:
        if self._store is None:
            raise OSError("the buffer's database is not open")
        return self._store

    def _open(self, damage: str = "") -> Found:
        """Open, read what is there, and begin the next start; with `damage` on what can be read of it."""
        checkpoint = self._checkpoints.read()
        if damage:
            store = rebuild(self._stores, self._folder, self._quarantine, damage, opens=True)
        else:
            store = open_store(self._stores, self._folder, self._quarantine, checkpoint)
        try:
            found = find(store, checkpoint.outputs)
            self._begin(store, found, checkpoint.start)
            damage = "" if damage or not found.damaged else "there are blocks that cannot be read"
        except OSError as error:
            store.close()
            if damage or "Corruption" not in str(error):
                raise
            return self._open(str(error))
        if damage:
            store.close()
            return self._open(damage)
        self._store = store
        self._tell_mended(store)
        return found

    def _tell_mended(self, store: Store) -> None:
        for log, offset, data, reason in store.mended:
            logger.error("the buffer's log %s was damaged at byte %d: %s", log, offset, reason)
            self._quarantine.record(f"{log}-{offset}", data, reason)

    def _open_with_ballast(self) -> Found:
        try:
            return self._open()
        except OSError as error:
            if NO_ROOM not in str(error):
                raise
        try:
            if self._space.give_up_ballast():
                return self._open()
        except OSError as error:
            if NO_ROOM not in str(error):
                raise
        self._start = self._checkpoints.read().start + 1
        return Found(start=self._start)

    def _begin(self, store: Store, found: Found, known: int) -> None:
        meta, used = meta_of(store), {first >> 32 for first in found.summaries}
        self._start = found.start = max(meta.start, known, self._start, *used) + 1
        found.names = {start: name for start, name in meta.names.items() if start in used}
        found.names[self._start] = uuid.uuid4().hex
        store.write([(META, pack(Meta(self._start, found.names)))])
        store.sync()
        self._checkpoints.look()
        self._checkpoints.write(self._start, {name: pack(s) for name, s in found.states.items()})
        self._folder.private()
