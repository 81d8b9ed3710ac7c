"""Opening the database of a folder, whatever state it is in, and numbering each start."""

from __future__ import annotations

import logging
import secrets
import uuid
from typing import TYPE_CHECKING, Final

from orbital_runtime.buffer.format.stored import META, OUTPUT, Meta, pack
from orbital_runtime.buffer.model.damage import Damaged
from orbital_runtime.buffer.model.record import START
from orbital_runtime.buffer.store.rocks.contents import Contents, find
from orbital_runtime.buffer.store.rocks.damage.salvage import Salvage, meta_of

if TYPE_CHECKING:
    from orbital_runtime.buffer.store.rocks.checkpoint import Checkpoint
    from orbital_runtime.buffer.store.rocks.damage.quarantine import Quarantine
    from orbital_runtime.buffer.store.rocks.damage.second_look import SecondLook
    from orbital_runtime.buffer.store.rocks.folder import Folder
    from orbital_runtime.buffer.store.rocks.port import Store, Stores

logger = logging.getLogger(__name__)

UNKNOWN: Final = 1 << 28
"""Starts from here on are those that could not see which numbers are taken."""


def nothing_known() -> Contents:
    """What is in a database that nobody could look into yet; its start has a number that no other has."""
    return Contents(start=UNKNOWN + secrets.randbelow(UNKNOWN))


class Starts:
    """The starts of one database. It blocks.

    Args:
        stores: Opens databases.
        folder: Where; held by this process.
        quarantine: Keeps what is damaged.
        look: Tells damage from a disk that fails.
    """

    def __init__(
        self, stores: Stores, folder: Folder, quarantine: Quarantine, look: SecondLook
    ) -> None:
        self._folder = folder
        self._checkpoints = folder.checkpoints
        self._quarantine = quarantine
        self._look = look
        self._salvage = Salvage(stores, folder, quarantine, look)
        self.number = 0
        """How many times it was opened, this time included."""
        self.worn = ""
        """Why it needs to be rebuilt, for which there was no room."""

    def open(self, damage: str = "") -> tuple[Store, Contents]:
        """Open, read what is there, and begin the next start.

        Args:
            damage: What is known to be wrong with it; it is looked at once more before anything is done.

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
        """The number of a start before it is known which one it is: one that no other has."""
        try:
            self.number = self._checkpoints.read().start + 1
        except OSError:
            self.number = nothing_known().start
        return self.number

    def _mended(self, damage: str) -> Store:
        try:
            store = self._salvage.rebuild(damage)
        except OSError as error:
            if not self.worn:
                logger.warning(
                    "the buffer's database is damaged (%s) and cannot be rebuilt yet (%s): what can be read "
                    "of it is used as it is, and room is not given back", damage, error,
                )  # fmt: skip
            self.worn = damage
            return self._salvage.worn()
        self.worn = ""
        return store

    def _begun(
        self, store: Store, checkpoint: Checkpoint, *, known: bool = False
    ) -> tuple[Store, Contents]:
        """Use this one. What is damaged in it may be known, and dealt with as far as it can be.

        Raises:
            Damaged: It is damaged, and nobody knew.
            OSError: The disk fails.
        """
        try:
            found = find(store, checkpoint.outputs)
            self._folder.crash_counts.tell(found)
            if found.damaged and not known:
                raise Damaged("there are blocks that cannot be read")  # noqa: TRY301 (closed below)
            self._begin(store, found, checkpoint.start)
        except BaseException as error:
            store.close()
            if isinstance(error, OSError) and not known and self._look.is_damage(str(error)):
                raise Damaged(str(error)) from error
            raise
        self._tell_mended(store)
        return store, found

    def _tell_mended(self, store: Store) -> None:
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
