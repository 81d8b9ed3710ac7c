"""The folder of a stopped agent, opened for reading; nothing in it is changed.

Damaged parts are left out and reported. An agent may start meanwhile: all tables are open already, so what is
read does not change.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING

from orbital_buffer.format.layout import decode_layout
from orbital_buffer.format.stored import RECORD, layout_key, number
from orbital_buffer.inspection.snapshot import Page, books_of, stored_of
from orbital_buffer.inspection.sources.copies import Copies
from orbital_buffer.inspection.sources.paging import choose
from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.errors import BufferUnusable
from orbital_buffer.model.index import LogIndex
from orbital_buffer.model.policy import fill
from orbital_buffer.store.disk.restore import restore
from orbital_buffer.store.folder_usage import folder_usage
from orbital_buffer.store.rocks.contents import find
from orbital_buffer.store.rocks.damage.salvage import forgot, shrunk
from orbital_buffer.store.rocks.folder import Folder
from orbital_buffer.store.rocks.process.remote import StorageProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from orbital_buffer.inspection.snapshot import Books, Stored
    from orbital_buffer.model.limits import BufferLimits
    from orbital_buffer.model.record import Record
    from orbital_buffer.store.folder_usage import FolderUsage
    from orbital_buffer.store.rocks.checkpoint import Checkpoint
    from orbital_buffer.store.rocks.contents import Contents
    from orbital_buffer.store.rocks.port import Store
    from orbital_sdk import Layout

logger = logging.getLogger(__name__)


class Directory:
    """Reads a folder that no agent uses. A context manager.

    Args:
        path: The folder.
        limits: For its fill.
        sync: As configured, to be shown.
        min_free: Likewise.

    Raises:
        BufferInUse: An agent uses it.
        BufferUnusable: There is no buffer, no permission, or a newer format.
    """

    def __init__(
        self, path: Path, limits: BufferLimits, *, sync: str = "always", min_free: int = 0
    ) -> None:
        self.folder = Folder(path.absolute())
        self.damage: list[str] = []
        """Messages about damage of the database."""
        self.missing: list[str] = []
        """Messages about batches that outputs need and that are missing."""
        self._limits = limits
        self._sync = sync
        self._min_free = min_free
        self._cleanup = ExitStack()
        self._stores = StorageProcess()
        self._cleanup.callback(self._stores.stop)
        self._copies = Copies(self._stores, self._cleanup)
        with self.folder.at_rest():
            try:
                self.checkpoint = self.folder.checkpoints.read()
                self.store = self._open(self.checkpoint)
                self.found = find(self.store, self.checkpoint.outputs)
                self.noted = dict(
                    self.found.states
                )  # without what a kill left in the machine's memory
                self.folder.crash_counts.apply_to(self.found)
            except OSError as error:
                self._cleanup.close()
                raise BufferUnusable(
                    f"the buffer in {self.folder.path} cannot be read: {error}"
                ) from error
            except BaseException:
                self._cleanup.close()
                raise
        self._cleanup.callback(self.store.close)
        if self.found.damaged:
            self.damage.append("there are blocks in the database that cannot be read")
        self.log = _books(self.found, self.missing)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cleanup.close()

    @property
    def folder_usage(self) -> FolderUsage | None:
        return folder_usage(self.folder.path, sync=self._sync, min_free=self._min_free)

    def books(self) -> Books:
        return books_of(self.log, self.found.kept, fill(self.log, self._limits))

    def pages(self, start: int = 0) -> Iterator[Page]:
        books, following = self.books(), start
        while following is not None:
            chosen, following = choose(self.log.records, following)
            yield Page(books, [self.stored(record) for record in chosen], following)

    def layouts(self, segment: int, numbers: Sequence[int]) -> dict[int, Layout]:
        found: dict[int, Layout] = {}
        for layout in numbers:
            try:
                data = self.store.get(layout_key(segment, layout))
                if data is not None:
                    found[layout] = decode_layout(data)
            except (Damaged, OSError):
                continue
        return found

    def has(self, seq: int) -> bool:
        return True

    def stored(self, record: Record) -> Stored:
        """A record with its bytes."""
        segment = self.found.summaries[record.first].segment
        try:
            data = self.store.get(RECORD + number(record.first))
        except (Damaged, OSError) as error:
            return stored_of(record, segment, damage=str(error))
        if data is None:
            return stored_of(record, segment, damage="it is not in the database any more")
        return stored_of(record, segment, data)

    def _open(self, checkpoint: Checkpoint) -> Store:
        """Open the database as the agent would; repairs are done in a copy."""
        reason = shrunk(self.folder, checkpoint)
        if not self.folder.database.is_dir():
            if not checkpoint.start:
                return self._stores.open(self._copies.empty())  # nothing was ever stored
            reason = "its folder is gone"
        if not reason:
            try:
                store = self._copies.linked(self.folder.database)
            except OSError as error:
                reason = str(error)
            else:
                reason = forgot(store, checkpoint)
                if not reason:
                    self.damage += (f"{m.log}, byte {m.offset}: {m.reason}" for m in store.mended)
                    return store
                store.close()
        self.damage.append(f"the database is damaged, and what is left of it is read: {reason}")
        try:
            return self._copies.rescued(self.folder.database)
        except OSError as error:
            self.damage.append(f"nothing of the database can be read: {error}")
            return self._stores.open(self._copies.empty())


def _books(found: Contents, missing: list[str]) -> LogIndex:
    """The index as after a start of the agent, but with outputs attached as before it."""
    log = LogIndex(lambda _: None)
    restore(log, found, missing.append)
    for name, state in found.states.items():
        if state.reading:
            log.positions[name].reading = True
    return log
