"""A database that opens, whatever happened to the one that was there."""

from __future__ import annotations

import logging
import os
import shutil
from typing import TYPE_CHECKING

from orbital_runtime.buffer.frame import Damaged
from orbital_runtime.buffer.store import Store, repair
from orbital_runtime.buffer.stored import META, Meta, unpack

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_runtime.buffer.folder import Checkpoint, Folder
    from orbital_runtime.buffer.quarantine import Quarantine

logger = logging.getLogger(__name__)

NO_DAMAGE = (
    "No space left",
    "Permission denied",
    "Too many open files",
    "Read-only file system",
    "lock",
)
"""What RocksDB says where moving files would help nobody."""


def open_store(folder: Folder, quarantine: Quarantine, checkpoint: Checkpoint | None) -> Store:
    """Open the database; what is damaged is moved to the quarantine, and what can be saved of it is kept.

    Raises:
        OSError: The disk is full, or may not be used.
    """
    known = checkpoint is not None and checkpoint.start > 0
    fresh = not folder.database.exists()
    if fresh and not known:
        return _create(folder.database)
    reason = "its folder is gone" if fresh else _shrunk(folder, checkpoint)
    if not reason:
        try:
            store = Store(folder.database)
        except OSError as error:
            if any(words in str(error) for words in NO_DAMAGE):
                raise
            reason = str(error)
        else:
            reason = _forgot(store, checkpoint)
            if not reason:
                return store
            store.close()
    logger.error("the buffer's database is damaged: %s", reason)
    return _create(folder.database) if fresh else _rescue(folder, quarantine, reason)


def start_of(store: Store) -> int:
    """How many times this database was opened; 0 if it does not know."""
    try:
        data = store.get(META)
        return 0 if data is None else unpack(Meta, data).start
    except Damaged:
        return 0


def _create(path: Path) -> Store:
    path.mkdir(mode=0o700, exist_ok=True)
    return Store(path)


def _shrunk(folder: Folder, checkpoint: Checkpoint | None) -> str:
    """Looked at before opening: RocksDB would delete every file that half a MANIFEST does not name."""
    name, size = folder.manifest()
    if checkpoint is None or name != checkpoint.manifest or size >= checkpoint.size:
        return ""
    return f"{name} has {size} bytes and had {checkpoint.size}"


def _forgot(store: Store, checkpoint: Checkpoint | None) -> str:
    least = 0 if checkpoint is None else checkpoint.start
    start = start_of(store)
    return (
        "" if start >= least else f"it knows {start} starts of {least}: it opened without its data"
    )


def _rescue(folder: Folder, quarantine: Quarantine, reason: str) -> Store:
    """Move it away, and repair a copy of it in its old place."""
    place = quarantine.database(folder.database, reason)
    logger.error("it was moved to %s; what can be saved is copied back", place)
    try:
        _copy(place, folder.database)
        repair(folder.database)
        return Store(folder.database)
    except OSError as error:
        logger.error("nothing of it could be saved: %s", error)  # noqa: TRY400 (the message says it all)
        shutil.rmtree(folder.database, ignore_errors=True)
        return _create(folder.database)


def _copy(source: Path, target: Path) -> None:
    """Tables never change, so they are linked and take no room twice."""
    target.mkdir(mode=0o700)
    for file in sorted(source.iterdir()):
        if file.suffix == ".sst":
            os.link(file, target / file.name)
        elif file.is_file() and file.name != "LOCK" and not file.name.startswith("LOG"):
            shutil.copy2(file, target / file.name)
