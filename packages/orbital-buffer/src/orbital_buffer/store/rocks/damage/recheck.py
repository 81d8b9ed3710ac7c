"""Reads files that RocksDB could not use, to distinguish damage from temporary read errors of the disk.

A file that cannot be read now may be readable in a minute, and must not be discarded. A file that has been
unreadable for long, while all others can be read and written, has lost sectors: that counts as damage.
"""

from __future__ import annotations

import errno
import os
import re
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Final

from orbital_buffer.store.rocks.errors import is_damage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE: Final = 60.0
"""Seconds that a file must have been unreadable, while others are readable, to count as damaged."""
PIECE: Final = 1 << 20
"""Bytes per read."""
PROBE: Final = bytes(range(256)) * 256
_FILE: Final = re.compile(r"(\d+\.(?:sst|log)|MANIFEST-\d+|CURRENT)\b")


class Recheck:
    """Reads the files of one database. Blocking.

    Args:
        folder: Folder for a test file that is written and read back.
        database: Folder of the database files.
        patience: Seconds after which an unreadable file counts as damaged.
        clock: Gives monotonic seconds.
    """

    def __init__(
        self,
        folder: Path,
        database: Path,
        patience: float = PATIENCE,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._probe = folder / ".probe"
        self._database = database
        self._patience = patience
        self._clock = clock
        self._since: dict[str, float] = {}
        self.lost: set[str] = set()
        """Files that count as permanently unreadable."""

    def at_all(self) -> None:
        """Read all files from the disk, except lost ones.

        Raises:
            OSError: Some cannot be read now, so damage cannot be determined.
        """
        for file in sorted(self._database.iterdir()):
            if file.is_file() and file.name not in self.lost:
                read_through(file)

    def is_damage(self, text: str) -> bool:
        """Whether this error of RocksDB means damage, not a temporary failure of the disk."""
        return is_damage(text) or self.gives_up(text)

    def gives_up(self, text: str) -> bool:
        """Whether the file in this error of RocksDB is lost: unreadable for long, while nothing else is
        wrong.
        """
        named = _FILE.findall(text)
        if not named:
            return False
        name, now = named[-1], self._clock()
        if name in self.lost:
            return True
        if now - self._since.setdefault(name, now) < self._patience:
            return False
        if _reads(self._database / name):
            del self._since[name]
        elif self.works() and self._others_read(name):
            self.lost.add(name)
        return name in self.lost

    def works(self) -> bool:
        """Whether a test file can be written and read back now."""
        try:
            handle = os.open(self._probe, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                _write(handle, PROBE)
                os.fsync(handle)
                _forget(handle)
                return os.pread(handle, len(PROBE), 0) == PROBE
            finally:
                os.close(handle)
                self._probe.unlink()
        except OSError:
            return False

    def _others_read(self, name: str) -> bool:
        """Whether all other files can be read: otherwise the whole disk fails, and may recover."""
        others = [f for f in self._database.iterdir() if f.is_file() and f.name != name]
        kin = [f for f in others if f.suffix == (self._database / name).suffix]
        return any(map(_reads, kin or others))


def read_through(file: Path) -> None:
    """Read a file from the disk, bypassing the page cache as far as the system allows it.

    Raises:
        OSError: A part cannot be read. A missing file is not an error.
    """
    with suppress(FileNotFoundError):
        handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _forget(handle)
            while os.read(handle, PIECE):
                pass
        finally:
            os.close(handle)


def _reads(file: Path) -> bool:
    try:
        read_through(file)
    except OSError:
        return False
    return True


def _forget(handle: int) -> None:
    """Drop the file from the page cache."""
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)


def _write(handle: int, data: bytes) -> None:
    if os.write(handle, data) < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
