"""Databases that nobody writes, opened without a change to any of their files."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from orbital_buffer.store.rocks.port import Opening

if TYPE_CHECKING:
    from contextlib import ExitStack

    from orbital_buffer.store.rocks.port import Store, Stores


class Copies:
    """Folders outside, of links and of copies of what changes by being opened.

    Args:
        stores: Opens databases.
        cleanup: Takes the folders away.
    """

    def __init__(self, stores: Stores, cleanup: ExitStack) -> None:
        self._stores = stores
        self._cleanup = cleanup

    def linked(self, database: Path, *, quiet: bool = False) -> Store:
        """As it is. Of links, for rocksdict writes its own file beside the others even if it only reads.

        Args:
            database: Its folder.
            quiet: A table that is damaged or gone hides no other.

        Raises:
            OSError: It does not open.
        """
        work = self.empty()
        for file in _files(database):
            (work / file.name).symlink_to(file)
        return self._stores.open(work, Opening(quiet=quiet, read_only=True, tolerant=True))

    def rescued(self, database: Path) -> Store:
        """What a repair makes of it. Tables never change, so it is made of the very same ones.

        Raises:
            OSError: Nothing can be made of it.
        """
        work = self.empty()
        for file in _files(database):
            if file.suffix == ".sst":
                (work / file.name).symlink_to(file)
            else:
                shutil.copy2(file, work / file.name)
        if any(work.iterdir()):
            self._stores.repair(work, tolerant=True)
        return self._stores.open(work, Opening(tolerant=True))

    def empty(self) -> Path:
        """A folder that is gone at the end."""
        work = Path(tempfile.mkdtemp(prefix="orbital-buffer-"))
        self._cleanup.callback(shutil.rmtree, work, ignore_errors=True)
        return work


def _files(database: Path) -> list[Path]:
    """What belongs to the database itself."""
    return [
        file
        for file in (sorted(database.iterdir()) if database.is_dir() else ())
        if file.is_file() and file.suffix != ".json" and not file.name.startswith("LO")
    ]
