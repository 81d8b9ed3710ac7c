"""A log file with mode 0600, rotated by size and age."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import re
import time
from datetime import datetime
from io import FileIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_STAMP: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_LOOK_EVERY: Final = 3600.0


class LogFile:
    """Appends to `path`. A full file becomes `NAME-2026-01-31T10-00-00.000.SUFFIX` beside it.

    Args:
        path: Created with its folder if missing; 0600.
        max_bytes: Size at which it is rotated; 0 for never.
        max_backups: Number of rotated files to keep; 0 for all.
        max_age: Seconds; 0 for never. Older rotated files are deleted, a file with an older first line is
            rotated.

    Raises:
        OSError: The file cannot be opened.
    """

    def __init__(
        self, path: Path, *, max_bytes: int = 0, max_backups: int = 0, max_age: float = 0
    ) -> None:
        self._path = path.absolute()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._max_bytes = max_bytes
        self._max_backups = max_backups
        self._max_age = max_age
        self._size = 0
        self._first = 0.0
        self._look_at = 0.0
        self._named = 0.0
        self._torn = b""
        self._file: FileIO | None = self._open()

    def write(self, line: str) -> None:
        """Append a line, which ends with a newline. After an error the file is reopened for the next line.

        Raises:
            OSError: The line was not written, or only in part.
        """
        data = line.encode("utf-8", "backslashreplace")
        try:
            self._make_room(len(data), time.time())
            self._write(data)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; the next line reopens it."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()

    def backups(self) -> list[Path]:
        """Rotated files, oldest first."""
        stem = glob.escape(self._path.stem)
        return sorted(self._path.parent.glob(f"{stem}-????-??-??T??-??-??.???{self._path.suffix}"))

    def _open(self) -> FileIO:
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(handle).st_size
        self._first = _first_line_time(self._path)
        return FileIO(handle, "a")

    def _write(self, line: bytes) -> None:
        self._file = file = self._file or self._open()
        written = file.write(self._torn + line)
        self._size += written
        self._torn = b"" if written == len(self._torn + line) else b"\n"
        if self._torn:
            raise OSError(errno.ENOSPC, "only a part of the line was written")

    def _make_room(self, need: int, now: float) -> None:
        if self._size and self._max_bytes and self._size + need > self._max_bytes:
            self._rotate(now)
        elif now >= self._look_at:
            self._look_at = now + _LOOK_EVERY
            if self._size and self._max_age and self._first < now - self._max_age:
                self._rotate(now)
            self._prune(now)

    def _rotate(self, now: float) -> None:
        self.close()
        with contextlib.suppress(OSError):  # rather a large file than no log
            self._path.rename(self._free_name(now))
        self._prune(now)

    def _free_name(self, now: float) -> Path:
        """A unique name by time, so that names sort by age."""
        self._named = max(now, self._named + 0.001)
        stamp = datetime.fromtimestamp(self._named).strftime("%Y-%m-%dT%H-%M-%S.%f")[:-3]  # noqa: DTZ006 (local time, as people look for it)
        return self._path.with_name(f"{self._path.stem}-{stamp}{self._path.suffix}")

    def _prune(self, now: float) -> None:
        with contextlib.suppress(OSError):
            backups = self.backups()
            surplus = backups[: -self._max_backups] if self._max_backups else []
            old = [b for b in backups if self._max_age and b.stat().st_mtime < now - self._max_age]
            for backup in {*surplus, *old}:
                backup.unlink(missing_ok=True)


def _first_line_time(path: Path) -> float:
    """Time of the first line in seconds UTC; the file's modification time if that cannot be read."""
    try:
        with path.open("rb") as file:
            found = _STAMP.search(file.read(100))
        if found:
            return datetime.fromisoformat(found[0].decode()).timestamp()
        return path.stat().st_mtime
    except (OSError, ValueError):
        return time.time()
