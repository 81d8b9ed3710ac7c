"""Opens the database in any state, repairing or rebuilding it if it is damaged.

Nothing is moved or rebuilt because of an operating system error, after which the caller tries again later. It
counts as damage only if the second look, with the disk readable, finds it, too.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from orbital_buffer.format.stored import META, Meta, unpack
from orbital_buffer.model.damage import Damaged
from orbital_buffer.store.rocks.damage.rebuild import finish, rebuilt
from orbital_buffer.store.rocks.port import Opening
from orbital_sdk.files import sync_folder

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_buffer.store.rocks.checkpoint import Checkpoint
    from orbital_buffer.store.rocks.damage.quarantine import Quarantine
    from orbital_buffer.store.rocks.damage.recheck import Recheck
    from orbital_buffer.store.rocks.folder import Folder
    from orbital_buffer.store.rocks.port import Store, Stores

logger = logging.getLogger(__name__)


class Salvage:
    """Opens the database of one folder. Blocking.

    Args:
        stores: Opens databases.
        folder: The folder of the database.
        quarantine: Keeps what is damaged.
        look: Distinguishes damage from a failing disk.
    """

    def __init__(
        self, stores: Stores, folder: Folder, quarantine: Quarantine, look: Recheck
    ) -> None:
        self._stores = stores
        self._folder = folder
        self._quarantine = quarantine
        self._look = look

    def open(self, checkpoint: Checkpoint) -> Store:
        """Open it; damaged files go to the quarantine, and what can be read of them is kept.

        Raises:
            OSError: The disk fails; nothing was changed.
        """
        finish(self._folder)
        if not _there(self._folder.database):
            if checkpoint.start:
                logger.error("the buffer's database is damaged: its folder is gone")
            return self._made()
        try:
            return self._open_intact(checkpoint)
        except Damaged:
            self._look.at_all()
        try:
            return self._open_intact(checkpoint)
        except Damaged as error:
            return self._open_damaged(checkpoint, str(error))

    def rebuild(self, reason: str) -> Store:
        """Make a new database of what can be read of this one, which goes to the quarantine.

        Raises:
            OSError: There is no space, or the disk fails; nothing was changed.
        """
        rebuilt(
            self._stores, self._folder, self._quarantine, reason, tolerant=bool(self._look.lost)
        )
        return self._stores.open(self._folder.database)

    def unrepaired(self) -> Store:
        """Open it as it is, without compacting its tables, which are not fully readable.

        Raises:
            OSError: The disk fails.
        """
        how = Opening(quiet=True, tolerant=bool(self._look.lost))
        return self._stores.open(self._folder.database, how)

    def _open_damaged(self, checkpoint: Checkpoint, reason: str) -> Store:
        """Open without the damaged part of the log, or if that is not enough, rebuild the database."""
        if not shrunk(self._folder, checkpoint):
            kept = self._quarantine.logs(self._folder.database, reason)
            try:
                store = self._open_intact(checkpoint, lenient=True)
            except Damaged:
                kept.discard()
            except BaseException:
                kept.discard()
                raise
            else:
                logger.error("the buffer's log is damaged; its intact part is used: %s", reason)
                return store
        return self.rebuild(reason)

    def _open_intact(self, checkpoint: Checkpoint, *, lenient: bool = False) -> Store:
        """Open the database if it is intact.

        Raises:
            Damaged: It cannot be used as it is.
            OSError: The disk fails.
        """
        if reason := shrunk(self._folder, checkpoint):
            raise Damaged(reason)
        try:
            store = self._stores.open(self._folder.database, Opening(lenient=lenient))
        except OSError as error:
            if self._look.is_damage(str(error)):
                raise Damaged(str(error)) from error
            raise
        try:
            if reason := forgot(store, checkpoint):
                raise Damaged(reason)  # noqa: TRY301 (closed below)
        except BaseException:
            store.close()
            raise
        return store

    def _made(self) -> Store:
        self._folder.database.mkdir(mode=0o700, exist_ok=True)
        sync_folder(self._folder.path)
        return self._stores.open(self._folder.database)


def meta_of(store: Store) -> Meta:
    """Number of times that this database was opened; 0 if unknown.

    Raises:
        OSError: The disk fails.
    """
    try:
        data = store.get(META)
        return Meta(0) if data is None else unpack(Meta, data)
    except Damaged:
        return Meta(0)


def shrunk(folder: Folder, checkpoint: Checkpoint) -> str:
    """Why its MANIFEST is damaged; empty if it is intact.

    Checked before opening: RocksDB would delete every file that a truncated MANIFEST does not name.
    """
    name, size = folder.checkpoints.manifest()
    if name != checkpoint.manifest or size >= checkpoint.size:
        return ""
    return f"{name} has {size} bytes and had {checkpoint.size}"


def forgot(store: Store, checkpoint: Checkpoint) -> str:
    """Why the database opened without its earlier contents; empty if it has them."""
    start, least = meta_of(store).start, checkpoint.start
    return (
        "" if start >= least else f"it knows {start} starts of {least}: it opened without its data"
    )


def _there(database: Path) -> bool:
    """Whether the database exists.

    Raises:
        OSError: The disk fails.
    """
    try:
        database.stat()
    except FileNotFoundError:
        return False
    return True
