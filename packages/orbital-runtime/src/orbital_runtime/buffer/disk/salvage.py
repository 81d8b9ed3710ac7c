"""A database that opens, whatever happened to the one that was there."""

from __future__ import annotations

import logging
import os
import shutil
from itertools import islice
from typing import TYPE_CHECKING, Final

from orbital_runtime.buffer.codec import decode
from orbital_runtime.buffer.disk.stored import (
    LAYOUT,
    LETTER,
    META,
    OUTPUT,
    RECORD,
    SUMMARY,
    Meta,
    layout_key,
    pack,
    summary_from,
    unpack,
)
from orbital_runtime.storage.errors import Damaged

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_runtime.buffer.disk.checkpoint import Checkpoint
    from orbital_runtime.buffer.disk.folder import Folder
    from orbital_runtime.buffer.disk.quarantine import Quarantine
    from orbital_runtime.storage.port import Store, Stores

PORTION: Final = 64
"""Keys that are copied in one write."""

logger = logging.getLogger(__name__)

NO_DAMAGE = (
    "No space left",
    "Permission denied",
    "Too many open files",
    "Read-only file system",
    "lock file",
)
"""What RocksDB says where moving files would help nobody."""


def open_store(
    stores: Stores, folder: Folder, quarantine: Quarantine, checkpoint: Checkpoint
) -> Store:
    """Open the database; what is damaged is moved to the quarantine, and what can be saved of it is kept.

    Raises:
        OSError: The disk is full, or may not be used.
    """
    fresh = not folder.database.exists()
    if fresh and not checkpoint.start:
        return _create(stores, folder.database)
    reason = "its folder is gone" if fresh else shrunk(folder, checkpoint)
    if not reason:
        try:
            store = stores.open(folder.database)
        except OSError as error:
            if any(words in str(error) for words in NO_DAMAGE):
                raise
            reason = str(error)
        else:
            reason = forgot(store, checkpoint)
            if not reason:
                return store
            store.close()
    if fresh:
        logger.error("the buffer's database is damaged: %s", reason)
        return _create(stores, folder.database)
    return rebuild(stores, folder, quarantine, reason, opens=False)


def meta_of(store: Store) -> Meta:
    """How many times this database was opened; 0 if it does not know."""
    try:
        data = store.get(META)
        return Meta(0) if data is None else unpack(Meta, data)
    except Damaged:
        return Meta(0)


def _create(stores: Stores, path: Path) -> Store:
    path.mkdir(mode=0o700, exist_ok=True)
    return stores.open(path)


def shrunk(folder: Folder, checkpoint: Checkpoint) -> str:
    """Why its MANIFEST is damaged; empty if it is not.

    Looked at before opening: RocksDB would delete every file that half a MANIFEST does not name.
    """
    name, size = folder.checkpoints.manifest()
    if name != checkpoint.manifest or size >= checkpoint.size:
        return ""
    return f"{name} has {size} bytes and had {checkpoint.size}"


def forgot(store: Store, checkpoint: Checkpoint) -> str:
    """Why the database that opened is not the one that was there; empty if it is."""
    start, least = meta_of(store).start, checkpoint.start
    return (
        "" if start >= least else f"it knows {start} starts of {least}: it opened without its data"
    )


def rebuild(
    stores: Stores, folder: Folder, quarantine: Quarantine, reason: str, *, opens: bool
) -> Store:
    """Move a damaged database to the quarantine, and make another one of what can be read of it.

    Args:
        stores: Opens databases.
        folder: Where.
        quarantine: Keeps all of the old one.
        reason: What is wrong with it.
        opens: Whether RocksDB opens it, rightly. Then all but the damaged blocks is copied over; a repair
            would leave out every table that has one.
    """
    place = quarantine.database(folder.database, reason)
    logger.error("the buffer's database is damaged and was moved to %s: %s", place, reason)
    try:
        return (_copied if opens else _repaired)(stores, folder, place)
    except OSError as error:
        logger.error("nothing of it could be saved: %s", error)  # noqa: TRY400 (the message says it all)
        shutil.rmtree(folder.database, ignore_errors=True)
        return _create(stores, folder.database)


def _repaired(stores: Stores, folder: Folder, place: Path) -> Store:
    _copy(place, folder.database)
    stores.repair(folder.database)
    return stores.open(folder.database)


def _copied(stores: Stores, folder: Folder, place: Path) -> Store:
    """All that can be read, a portion at a time, out of a linked copy: opening it writes into it."""
    work = folder.path / "rescue"
    shutil.rmtree(work, ignore_errors=True)
    _copy(place, work)
    old, new = stores.open(work, quiet=True), _create(stores, folder.database)
    try:
        for kind in (LAYOUT, RECORD, SUMMARY, OUTPUT, META, LETTER):
            pairs = old.scan(kind)
            while portion := list(islice(pairs, PORTION)):
                new.write(portion)
        if old.skipped:
            _complete(old, new)
        new.sync()
    except OSError:
        new.close()
        raise
    finally:
        old.close()
        shutil.rmtree(work, ignore_errors=True)
    return new


def _complete(old: Store, new: Store) -> None:
    """Summaries and layouts stand close together, so one bad block hides many. Records tell them again."""
    asked: set[bytes] = set()
    for key, data in new.scan(RECORD):
        puts: dict[bytes, bytes] = {}
        try:
            opened = decode(data)
        except Damaged:
            continue
        summary = SUMMARY + key[1:]
        if new.get(summary) is None:
            puts[summary] = pack(summary_from(opened, len(data)))
        for layout in {layout_key(opened.segment, head.layout) for head in opened.heads} - asked:
            asked.add(layout)
            if new.get(layout) is None and (found := _try_get(old, layout)) is not None:
                puts[layout] = found
        new.write(puts.items())


def _try_get(store: Store, key: bytes) -> bytes | None:
    try:
        return store.get(key)
    except Damaged:
        return None


def _copy(source: Path, target: Path) -> None:
    """Tables never change, so they are linked and take no room twice."""
    target.mkdir(mode=0o700)
    for file in sorted(source.iterdir()):
        if file.suffix == ".sst":
            os.link(file, target / file.name)
        elif file.is_file() and file.name != "LOCK" and not file.name.startswith("LOG"):
            shutil.copy2(file, target / file.name)
