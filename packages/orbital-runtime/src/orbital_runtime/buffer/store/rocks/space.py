"""Room on the volume: what must stay free, and a ballast to give up when nothing is.

RocksDB needs room to delete, so a disk that is really full could not even be emptied by delivering.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from orbital_runtime.buffer.store.place import free

if TYPE_CHECKING:
    from pathlib import Path

BALLAST: Final = 16 << 20
"""Bytes: RocksDB goes on after a full disk only where there is room for a memtable. Where `min_free` is less
than this, a quarter of it, which is enough to open a database."""


class Space:
    """The volume that a folder is on.

    Args:
        folder: The buffer's.
        ballast: File that can be given up.
        min_free: Bytes that others shall find free.
    """

    def __init__(self, folder: Path, ballast: Path, min_free: int) -> None:
        self._folder = folder
        self._ballast = ballast
        self._min_free = min_free
        self._size = BALLAST if min_free >= BALLAST else min_free // 4

    def short(self) -> str:
        """Why nothing more should be stored; empty while there is room."""
        free = self.free()
        if free is None or free >= self._min_free:
            return ""
        return f"{free >> 20} MiB are free, buffer.min_free is {self._min_free >> 20} MiB"

    def free(self) -> int | None:
        """Bytes free for us; None if the system does not say."""
        return free(self._folder)

    def give_up_ballast(self) -> bool:
        """Make a little room on a full disk. Gives whether there was any to make."""
        try:
            self._ballast.unlink()
        except OSError:
            return False
        return True

    def take_ballast(self) -> None:
        """Reserve it, where there is enough room besides."""
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
