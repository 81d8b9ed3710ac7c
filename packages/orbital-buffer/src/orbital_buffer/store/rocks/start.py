"""Opens the database of a folder in any state, and numbers each start."""

from __future__ import annotations

import logging
import secrets
import uuid
from typing import TYPE_CHECKING, Final

from orbital_buffer.format.stored import META, OUTPUT, Meta, pack
from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.record import START
from orbital_buffer.store.rocks.contents import Contents, find
from orbital_buffer.store.rocks.damage.salvage import Salvage, meta_of

if TYPE_CHECKING:
    from orbital_buffer.store.rocks.checkpoint import Checkpoint
    from orbital_buffer.store.rocks.damage.quarantine import Quarantine
    from orbital_buffer.store.rocks.damage.recheck import Recheck
    from orbital_buffer.store.rocks.folder import Folder
    from orbital_buffer.store.rocks.port import Store, Stores

logger = logging.getLogger(__name__)

UNKNOWN: Final = 1 << 28
"""First number of starts that could not read which numbers are in use."""


def nothing_known() -> Contents:
    """Contents of a database that has not been read yet; its start has a unique number."""
    return Contents(start=UNKNOWN + secrets.randbelow(UNKNOWN))


class Starts:
    """The starts of one database. Blocking.

    Args:
        stores: Opens databases.
        folder: The folder, locked by this process.
        quarantine: Keeps damaged files.
        look: Distinguishes damage from a failing disk.
    """

    def __init__(
        self, stores: Stores, folder: Folder, quarantine: Quarantine, look: Recheck
    ) -> None:
        self._folder = folder
        self._checkpoints = folder.checkpoints
        self._quarantine = quarantine
        self._look = look
        self._salvage = Salvage(stores, folder, quarantine, look)
        self.number = 0
        """Number of times that it was opened, including this one."""
        self.unrepaired = ""
        """Why it needs a rebuild, for which there was no space."""

    def open(self, damage: str = "") -> tuple[Store, Contents]:
        """Open the database, read its contents, and begin the next start.

        Args:
            damage: Known damage; checked again before anything is done.

        Raises:
            OSError: The disk fails, or is full.
        """
        checkpoint = self._checkpoints.read()
        if not damage:
            try:
                return self._begun(self._salvage.open(checkpoint), checkpoint)
            except Damaged:
                self._look.at_all()
            try:
                return self._begun(self._salvage.open(checkpoint), checkpoint)
            except Damaged as error:
                damage = str(error)
        self._look.at_all()
        return self._begun(self._mended(damage), checkpoint, known=True)

    def provisional(self) -> int:
        """A unique number for a start until the last number is known."""
        try:
            self.number = self._checkpoints.read().start + 1
        except OSError:
            self.number = nothing_known().start
        return self.number

    def _mended(self, damage: str) -> Store:
        try:
            store = self._salvage.rebuild(damage)
        except OSError as error:
            if not self.unrepaired:
                logger.warning(
                    "the buffer's database is damaged (%s) and cannot be rebuilt yet (%s): it is used as "
                    "far as it can be read, and no space is freed", damage, error,
                )  # fmt: skip
            self.unrepaired = damage
            return self._salvage.unrepaired()
        self.unrepaired = ""
        return store

    def _begun(
        self, store: Store, checkpoint: Checkpoint, *, known: bool = False
    ) -> tuple[Store, Contents]:
        """Begin a start with this database. Known damage in it has been handled as far as possible.

        Raises:
            Damaged: It has damage that was not known.
            OSError: The disk fails.
        """
        try:
            found = find(store, checkpoint.outputs)
            self._folder.crash_counts.apply_to(found)
            if found.damaged and not known:
                raise Damaged("there are blocks that cannot be read")  # noqa: TRY301 (closed below)
            self._begin(store, found, checkpoint.start)
        except BaseException as error:
            store.close()
            if isinstance(error, OSError) and not known and self._look.is_damage(str(error)):
                raise Damaged(str(error)) from error
            raise
        self._log_mended(store)
        return store, found

    def _log_mended(self, store: Store) -> None:
        for log, offset, data, reason in store.mended:
            logger.error("the buffer's log %s was damaged at byte %d: %s", log, offset, reason)
            self._quarantine.record(f"{log}-{offset}", data, reason)

    def _begin(self, store: Store, found: Contents, known: int) -> None:
        meta, used = meta_of(store), {first >> START for first in found.summaries}
        self.number = found.start = max(meta.start, known, self.number, *used) + 1
        found.names = {start: name for start, name in meta.names.items() if start in used}
        found.names[self.number] = uuid.uuid4().hex
        states = {name: pack(state) for name, state in found.states.items()}
        self._folder.crash_counts.taken(states)
        meta = META, pack(Meta(self.number, found.names))
        store.write([meta, *((OUTPUT + name.encode(), state) for name, state in states.items())])
        store.sync()
        self._checkpoints.look()
        self._checkpoints.write(self.number, states)
        self._folder.private()
