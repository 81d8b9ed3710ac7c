"""A second look, with our own eyes, at files that RocksDB could not use: damage, or the disk just now?

What the disk does not give now it may give in a minute, and nothing may be thrown away for that. A file that
it has not given for long, while it gives and takes everything else, has a place that is lost: that is damage.
"""

from __future__ import annotations

import errno
import os
import re
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Final

from orbital_runtime.buffer.store.rocks.errors import is_damage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE: Final = 60.0
"""Seconds that a file must have been unreadable, all others being well, until that is taken for good."""
PIECE: Final = 1 << 20
"""Bytes of one read."""
PROBE: Final = bytes(range(256)) * 256
_FILE: Final = re.compile(r"(\d+\.(?:sst|log)|MANIFEST-\d+|CURRENT)\b")


class SecondLook:
    """Looks at the files of one database. It blocks.

    Args:
        folder: Where a file can be written and read back.
        database: Their folder.
        patience: Seconds.
        clock: Gives seconds.
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
        """Files that the disk does not give any more."""

    def at_all(self) -> None:
        """Read everything from the disk itself, but what is lost.

        Raises:
            OSError: It does not give it now, so nothing can be said about damage.
        """
        for file in sorted(self._database.iterdir()):
            if file.is_file() and file.name not in self.lost:
                read_through(file)

    def is_damage(self, text: str) -> bool:
        """Whether what RocksDB says is not the disk's fault just now."""
        return is_damage(text) or self.gives_up(text)

    def gives_up(self, text: str) -> bool:
        """Whether the file of which RocksDB says this is lost: it has been unreadable for long, and nothing
        else is wrong.
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
        """Whether the disk takes something now, and gives it back."""
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
        """Whether it is this file alone: else the disk as a whole is away, and may come back."""
        others = [f for f in self._database.iterdir() if f.is_file() and f.name != name]
        kin = [f for f in others if f.suffix == (self._database / name).suffix]
        return any(map(_reads, kin or others))


def read_through(file: Path) -> None:
    """Read all of it from the disk, not from memory as far as the system allows that.

    Raises:
        OSError: Some of it is not given. That it is gone is no such error.
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
    """Have the system read it from the disk again."""
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)


def _write(handle: int, data: bytes) -> None:
    if os.write(handle, data) < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
