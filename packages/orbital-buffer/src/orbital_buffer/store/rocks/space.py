"""Space on the volume: the minimum to leave free, and a ballast file to release on a full disk.

RocksDB needs space to delete, so on a full disk not even delivered samples could be deleted.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from orbital_buffer.store.folder_usage import free

if TYPE_CHECKING:
    from pathlib import Path

BALLAST: Final = 16 << 20
"""Bytes of the ballast: after a full disk RocksDB needs space for a memtable. If `min_free` is less than
this, the ballast is a quarter of it, which is enough to open a database."""


class Space:
    """The volume that a folder is on.

    Args:
        folder: The buffer's folder.
        ballast: The ballast file.
        min_free: Bytes to leave free for others.
    """

    def __init__(self, folder: Path, ballast: Path, min_free: int) -> None:
        self._folder = folder
        self._ballast = ballast
        self._min_free = min_free
        self._size = BALLAST if min_free >= BALLAST else min_free // 4

    def short(self) -> str:
        """Why nothing more should be stored; empty while there is space."""
        free = self.free()
        if free is None or free >= self._min_free:
            return ""
        return f"{free >> 20} MiB are free, buffer.min_free is {self._min_free >> 20} MiB"

    def free(self) -> int | None:
        """Free bytes for this user; None if unknown."""
        return free(self._folder)

    def give_up_ballast(self) -> bool:
        """Delete the ballast. Returns whether there was one."""
        try:
            self._ballast.unlink()
        except OSError:
            return False
        return True

    def take_ballast(self) -> None:
        """Create the ballast if there is enough space."""
        free = self.free()
        if not self._size or free is None or free < self._min_free + self._size:
            return
        with suppress(OSError):
            handle = os.open(self._ballast, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if os.fstat(handle).st_size < self._size:
                    os.posix_fallocate(handle, 0, self._size)
            finally:
                os.close(handle)
