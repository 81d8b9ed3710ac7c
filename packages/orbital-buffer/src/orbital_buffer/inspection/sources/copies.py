"""Opens databases without changing their files."""

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
    """Temporary folders with links to files, and with copies of those that opening would change.

    Args:
        stores: Opens databases.
        cleanup: Deletes the folders.
    """

    def __init__(self, stores: Stores, cleanup: ExitStack) -> None:
        self._stores = stores
        self._cleanup = cleanup

    def linked(self, database: Path, *, quiet: bool = False) -> Store:
        """Open a database through links, since rocksdict writes a file of its own even if it only reads.

        Args:
            database: Its folder.
            quiet: Ignore damaged and missing tables.

        Raises:
            OSError: It cannot be opened.
        """
        work = self.empty()
        for file in _files(database):
            (work / file.name).symlink_to(file)
        return self._stores.open(work, Opening(quiet=quiet, read_only=True, tolerant=True))

    def rescued(self, database: Path) -> Store:
        """Open a repaired copy. Tables never change, so they are linked.

        Raises:
            OSError: It cannot be repaired.
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
        """A temporary folder."""
        work = Path(tempfile.mkdtemp(prefix="orbital-buffer-"))
        self._cleanup.callback(shutil.rmtree, work, ignore_errors=True)
        return work


def _files(database: Path) -> list[Path]:
    """The files of the database."""
    return [
        file
        for file in (sorted(database.iterdir()) if database.is_dir() else ())
        if file.is_file() and file.suffix != ".json" and not file.name.startswith("LO")
    ]
