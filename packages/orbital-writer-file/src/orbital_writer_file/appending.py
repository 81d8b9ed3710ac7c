"""A file that only grows, whole writes at a time: all of a write is in it, or nothing of it.

What a crash left half written is cut off when the file is opened again.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import json
import logging
import os
import stat
from functools import partial
from typing import TYPE_CHECKING, Final

from orbital_sdk.files import sync_folder

if TYPE_CHECKING:
    from pathlib import Path

TAIL: Final = 1 << 20
"""Bytes at the end in which the last line must begin."""
_log: Final = logging.getLogger("orbital.writer.file")
private: Final = partial(os.open, mode=0o600)
"""Opens files that nobody else may read."""


class InUse(OSError):  # noqa: N818 (reads as what happened)
    """Another process, or another output, writes to this file."""


class AppendingFile:
    """One open file of lines. Made with 0600 if it is new, locked against a second writer.

    Args:
        path: Where.
        opening: How each line of ours begins; only such a line is ever cut off.
        sync: Whether a write is on the disk itself when it returns.

    Raises:
        InUse, OSError
    """

    def __init__(self, path: Path, *, opening: bytes, sync: bool) -> None:
        self.path = path
        self._sync = sync
        self._file = io.FileIO(path, "a+", opener=private)
        try:
            self._claim()
            self._repair(opening)
            self.size = self._status().st_size
            if sync:
                sync_folder(path.parent)
        except BaseException:
            self._file.close()
            raise

    def append(self, data: bytes) -> None:
        """Add all of it. On an error the file is as it was before.

        Raises:
            OSError: Full disk and the like.
        """
        try:
            self._write(data)
            if self._sync:
                os.fsync(self._file.fileno())
        except BaseException:
            with contextlib.suppress(
                OSError
            ):  # what cannot be cut now is cut when it is opened again
                self._file.truncate(self.size)
            raise
        self.size += len(data)

    def is_there(self) -> bool:
        """Whether its path still leads to it: nobody removed or moved it meanwhile."""
        try:
            return os.path.samestat(self.path.stat(), self._status())
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Close it; the lock goes with it."""
        self._file.close()

    def _status(self) -> os.stat_result:
        return os.fstat(self._file.fileno())

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]

    def _claim(self) -> None:
        _must_be_a_file(self._file.fileno(), self.path)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            said = "another process or output writes to it"
            raise InUse(errno.EBUSY, said, str(self.path)) from error

    def _repair(self, opening: bytes) -> None:
        """End the last line, or cut it off where it is one of ours and not whole."""
        size = self._status().st_size
        tail = os.pread(self._file.fileno(), TAIL, max(0, size - TAIL))
        line = tail[tail.rfind(b"\n") + 1 :]
        if not line:
            return
        if _is_torn(line, opening):
            self._file.truncate(size - len(line))
            _log.warning("%s: cut off a line that a crash left half written", self.path)
        else:
            self._write(b"\n")


def _is_torn(line: bytes, opening: bytes) -> bool:
    """Whether this is the beginning of a line of ours. A power cut may leave zeros behind it."""
    text = line.rstrip(b"\0")
    if text[: len(opening)] != opening[: len(text)]:
        return False
    try:
        json.loads(line)
    except ValueError:
        return True
    return False


def try_out(path: Path) -> None:
    """Raise what opening it would, but where it is in use. Makes nothing, and changes nothing."""
    with contextlib.suppress(FileNotFoundError):
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK)
        try:
            _must_be_a_file(handle, path)
        finally:
            os.close(handle)


def _must_be_a_file(handle: int, path: Path) -> None:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
