"""Another database out of what can be read of a damaged one, without room for a second copy of its data.

It is made beside the old one: tables are linked, never copied, RocksDB makes a database of those that are
whole and of the log, and what can be read of the others is written into it. Only when it is whole and on the
disk do the two change places. Then the quarantine lets go of the tables that are whole, for they are in use:
it keeps the damaged ones.

    rescue/old      links to everything, to read the old database as it was
    rescue/new      the new one
"""

from __future__ import annotations

import os
import shutil
from itertools import islice
from typing import TYPE_CHECKING, Final

from orbital_runtime.buffer.format.codec import decode
from orbital_runtime.buffer.format.stored import (
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
from orbital_runtime.buffer.model.damage import Damaged
from orbital_runtime.buffer.store.rocks.errors import is_damage
from orbital_runtime.buffer.store.rocks.port import Opening
from orbital_sdk.files import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orbital_runtime.buffer.store.rocks.damage.quarantine import Quarantine
    from orbital_runtime.buffer.store.rocks.folder import Folder
    from orbital_runtime.buffer.store.rocks.port import Pair, Store, Stores

PORTION: Final = 64
"""Keys that are copied in one write."""
KINDS: Final = (LAYOUT, RECORD, SUMMARY, OUTPUT, META, LETTER, NOTE)
CHANGING: Final = (OUTPUT, META, NOTE)
"""Kinds whose values are written again and again: a table that is whole may have an older one."""


def finish(folder: Folder) -> None:
    """Go on where a process ended between the two renames, and clear away what another one left half done.

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
    """Put a database that is whole in the place of this one, which nobody may have open.

    Args:
        stores: Opens databases.
        folder: Where.
        quarantine: Gets the old one.
        reason: What is wrong with it.
        tolerant: Some of its files are lost: leave out what the disk does not give.

    Raises:
        OSError: There is no room for it, or the disk fails. All is as it was.
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
    """All that belongs to it; of the new one only what a repair reads, as the rest is written anew."""
    target.mkdir(mode=0o700, parents=True)
    for file in sorted(database.iterdir()):
        if not file.is_file() or file.name.startswith("LO") or file.suffix == ".json":
            continue
        if symbolic:
            (target / file.name).symlink_to(file)
        elif file.suffix in (".sst", ".log"):
            os.link(file, target / file.name)


def _fill(stores: Stores, old: Path, new: Path, *, tolerant: bool) -> None:
    """Write into the new one what it lacks of the old one, as far as that can be read."""
    target = stores.open(new, Opening(quiet=True))
    try:
        try:
            source = stores.open(old, Opening(quiet=True, read_only=True, tolerant=tolerant))
        except OSError as error:
            if not tolerant and not is_damage(str(error)):
                raise
            source = None  # its MANIFEST is damaged: the repair has read all there is
        try:
            if source is not None:
                _copy(_lacking(source, target), target)
            _copy(_told_by_records(source, target), target)
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


def _told_by_records(source: Store | None, target: Store) -> Iterator[Pair]:
    """Summaries and layouts stand close together, so one bad block hides many. Records tell them again."""
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
