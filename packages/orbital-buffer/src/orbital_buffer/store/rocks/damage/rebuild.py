"""Makes a new database of the readable parts of a damaged one, without space for a copy of its data.

It is made beside the old one: tables are linked, not copied. RocksDB repairs a database from the intact
tables and the log, and what can be read of the others is written into it. Only when it is complete and on
disk, it replaces the old one. Then intact tables are removed from the quarantine, as they are in use: it
keeps only the damaged ones.

    rescue/old      links to everything, to read the old database as it was
    rescue/new      the new one
"""

from __future__ import annotations

import os
import shutil
from itertools import islice
from typing import TYPE_CHECKING, Final

from orbital_buffer.format.codec import decode
from orbital_buffer.format.stored import (
    LAYOUT,
    LETTER,
    META,
    NOTE,
    OUTPUT,
    RECORD,
    SUMMARY,
    layout_key,
    pack,
    summary_from,
)
from orbital_buffer.model.damage import Damaged
from orbital_buffer.store.rocks.errors import is_damage
from orbital_buffer.store.rocks.port import Opening
from orbital_sdk.files import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orbital_buffer.store.rocks.damage.quarantine import Quarantine
    from orbital_buffer.store.rocks.folder import Folder
    from orbital_buffer.store.rocks.port import Pair, Store, Stores

PORTION: Final = 64
"""Keys copied in one write."""
KINDS: Final = (LAYOUT, RECORD, SUMMARY, OUTPUT, META, LETTER, NOTE)
CHANGING: Final = (OUTPUT, META, NOTE)
"""Kinds of keys that are overwritten: an intact table may have an older value."""


def finish(folder: Folder) -> None:
    """Complete a replacement that was interrupted between the two renames, and remove an incomplete rebuild.

    Raises:
        OSError: The disk fails.
    """
    new = folder.rescue / "new"
    if not folder.database.exists() and new.exists():
        new.rename(folder.database)
        sync_folder(folder.path)
    shutil.rmtree(folder.rescue, ignore_errors=True)


def rebuilt(
    stores: Stores, folder: Folder, quarantine: Quarantine, reason: str, *, tolerant: bool
) -> None:
    """Replace this database, which must not be open, by a rebuilt one.

    Args:
        stores: Opens databases.
        folder: The folder of the database.
        quarantine: Keeps the old database.
        reason: What is wrong with the old one.
        tolerant: Leave out what cannot be read from the disk, as some files are lost.

    Raises:
        OSError: There is no space for it, or the disk fails. Nothing was changed.
    """
    old, new = folder.rescue / "old", folder.rescue / "new"
    shutil.rmtree(folder.rescue, ignore_errors=True)
    try:
        _links(folder.database, old, symbolic=True)
        _links(folder.database, new, symbolic=False)
        stores.repair(new, tolerant=tolerant)
        _fill(stores, old, new, tolerant=tolerant)
        sync_folder(new)
        quarantine.exchange(folder.database, new, reason)
        sync_folder(folder.path)
    finally:
        shutil.rmtree(folder.rescue, ignore_errors=True)


def _links(database: Path, target: Path, *, symbolic: bool) -> None:
    """Link all files of a database; for the new one only those that a repair reads."""
    target.mkdir(mode=0o700, parents=True)
    for file in sorted(database.iterdir()):
        if not file.is_file() or file.name.startswith("LO") or file.suffix == ".json":
            continue
        if symbolic:
            (target / file.name).symlink_to(file)
        elif file.suffix in (".sst", ".log"):
            os.link(file, target / file.name)


def _fill(stores: Stores, old: Path, new: Path, *, tolerant: bool) -> None:
    """Copy what the new database lacks and can be read from the old one."""
    target = stores.open(new, Opening(quiet=True))
    try:
        try:
            source = stores.open(old, Opening(quiet=True, read_only=True, tolerant=tolerant))
        except OSError as error:
            if not tolerant and not is_damage(str(error)):
                raise
            source = None  # its MANIFEST is damaged: the repair has read all that is readable
        try:
            if source is not None:
                _copy(_lacking(source, target), target)
            _copy(_from_records(source, target), target)
        finally:
            if source is not None:
                source.close()
        target.sync()
    finally:
        target.close()


def _lacking(source: Store, target: Store) -> Iterator[Pair]:
    for kind in KINDS:
        for key, data in source.scan(kind):
            known = _get(target, key)
            if known is None or (kind in CHANGING and known != data):
                yield key, data


def _from_records(source: Store | None, target: Store) -> Iterator[Pair]:
    """Restore summaries and layouts from records: one bad block may hide many of them."""
    asked: set[bytes] = set()
    for key, data in target.scan(RECORD):
        try:
            opened = decode(data)
        except Damaged:
            continue
        summary = SUMMARY + key[1:]
        if _get(target, summary) is None:
            yield summary, pack(summary_from(opened, len(data)))
        for layout in {layout_key(opened.segment, head.layout) for head in opened.heads} - asked:
            asked.add(layout)
            if source is not None and _get(target, layout) is None:
                found = _get(source, layout)
                if found is not None:
                    yield layout, found


def _copy(pairs: Iterator[Pair], target: Store) -> None:
    while portion := list(islice(pairs, PORTION)):
        target.write(portion)


def _get(store: Store, key: bytes) -> bytes | None:
    try:
        return store.get(key)
    except Damaged:
        return None
