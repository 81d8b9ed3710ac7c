"""Reads the records in a quarantine, which is not changed."""

from __future__ import annotations

import re
from contextlib import ExitStack, closing, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_buffer.format.codec import decode
from orbital_buffer.format.layout import decode_layout
from orbital_buffer.format.stored import RECORD, layout_key
from orbital_buffer.inspection.sources.copies import Copies
from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.errors import BufferUnusable
from orbital_buffer.model.record import START
from orbital_buffer.store.rocks.process.remote import StorageProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orbital_buffer.format.codec import Opened
    from orbital_buffer.inspection.sources.directory import Directory
    from orbital_buffer.store.rocks.port import Store
    from orbital_sdk import Batch, Layout

_RECORD: Final = re.compile(r"-record-(\d+)\.record$")


class QuarantineReader:
    """The readable records of a quarantine, or of one folder in it. Blocking.

    Args:
        folder: The quarantine, or the name of a folder in it.
        live: The buffer of the quarantine.

    Raises:
        BufferUnusable: It is not part of this buffer's quarantine.
    """

    def __init__(self, folder: Path, live: Directory) -> None:
        quarantine = live.folder.quarantine.resolve()
        found = folder.resolve() if folder.exists() else quarantine / folder.name
        if not found.is_dir() or quarantine not in (found, found.parent):
            raise BufferUnusable(
                f"{folder} is not a folder of this buffer's quarantine: name {quarantine}, or a folder in it"
            )
        self.folder = found
        self.unreadable: list[str] = []
        """Messages about what cannot be read."""
        self._live = live
        self._folders = [found]
        if found == quarantine:
            self._folders = sorted(inside for inside in found.iterdir() if inside.is_dir())

    def parts(self) -> Iterator[Iterator[QuarantinedRecord]]:
        """Databases, logs and single records, separately. Records that are in two of them are returned
        twice.
        """
        for folder in self._folders:
            yield from self._database(folder)
        yield self._singles(QuarantinedLayouts(self._live))

    def _database(self, folder: Path) -> Iterator[Iterator[QuarantinedRecord]]:
        """The database as it is, and repaired: each may have records that the other lacks."""
        with ExitStack() as cleanup:
            stores = StorageProcess()
            cleanup.callback(stores.stop)
            copies = Copies(stores, cleanup)
            # a table that is in use is not here any more, so it may not open as it is
            with suppress(OSError), closing(copies.linked(folder, quiet=True)) as store:
                yield self._records(folder, store)
            try:
                repaired = copies.rescued(folder)
            except OSError as error:
                self.unreadable.append(f"{folder.name}: {error}")
                return
            with closing(repaired):
                yield self._records(folder, repaired)

    def _records(self, folder: Path, store: Store) -> Iterator[QuarantinedRecord]:
        layouts = QuarantinedLayouts(self._live, store)
        try:
            for key, data in store.scan(RECORD):
                yield from self._record(int.from_bytes(key[1:], "big"), data, layouts)
        except OSError as error:
            self.unreadable.append(f"{folder.name}: {error}")

    def _singles(self, layouts: QuarantinedLayouts) -> Iterator[QuarantinedRecord]:
        for file in sorted(self.folder.glob("*.record")):
            if found := _RECORD.search(file.name):
                try:
                    data = file.read_bytes()
                except OSError as error:
                    self.unreadable.append(f"{file.name}: {error}")
                else:
                    yield from self._record(int(found[1]), data, layouts)

    def _record(
        self, first: int, data: bytes, layouts: QuarantinedLayouts
    ) -> Iterator[QuarantinedRecord]:
        try:
            yield QuarantinedRecord(first, decode(data), layouts)
        except Damaged as error:
            self.unreadable.append(f"the record of batch {first}: {error}")


class QuarantinedRecord(NamedTuple):
    """A record with readable heads."""

    first: int
    """Sequence number of its first batch."""
    opened: Opened
    layouts: QuarantinedLayouts

    @property
    def stop(self) -> int:
        """The sequence number after its last batch."""
        return self.first + len(self.opened.heads)

    def batch(self, seq: int) -> Batch:
        """A batch of it.

        Raises:
            Damaged: Its layout is missing or damaged.
        """
        index, segment = seq - self.first, self.opened.segment
        number = self.opened.heads[index].layout
        return self.opened.batch(index, self.layouts.get(self.first >> START, segment, number))


class QuarantinedLayouts:
    """Layouts of the same database, otherwise of the live one if the segment is the same.

    Args:
        live: The buffer of the quarantine.
        store: A database in the quarantine.
    """

    def __init__(self, live: Directory, store: Store | None = None) -> None:
        self._live = live
        self._store = store
        summaries = live.found.summaries.items()
        self._same = {(first >> START, summary.segment) for first, summary in summaries}
        """Segments with the start that created them, since segment numbers may be used again."""
        self.get = lru_cache(maxsize=1024)(self._get)

    def _get(self, start: int, segment: int, layout: int) -> Layout:
        if self._store is not None:
            with suppress(Damaged, OSError):
                if (data := self._store.get(layout_key(segment, layout))) is not None:
                    return decode_layout(data)
        if (start, segment) in self._same:
            with suppress(KeyError):
                return self._live.layouts(segment, [layout])[layout]
        raise Damaged(f"layout {layout} of segment {segment} cannot be read")
