"""The folder of a disk buffer: whose it is, and which format it has.

lock          held by the process that uses it
format        version of everything else
checkpoint    how far the database had come at least, and the outputs as they were then
db/           the database
ballast       room that is given up when the disk is full
quarantine/   what was damaged, by date
"""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from orbital_runtime.buffer.checkpoint import Checkpoints
from orbital_runtime.buffer.contract import BufferUnusable

if TYPE_CHECKING:
    from pathlib import Path

FORMAT: Final = 1
_FORMAT_LINE: Final = "orbital-sentinel disk buffer, format {}\n"


class Folder:
    """The folder, held by this process until `release`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / "db"
        self.quarantine = path / "quarantine"
        self.ballast = path / "ballast"
        self.checkpoints = Checkpoints(path, self.database)
        self._lock: int | None = None

    def hold(self) -> None:
        """Make it, lock it, and check that we can read what is in it.

        Raises:
            BufferUnusable: Another process has it, we may not write there, or a newer version made it.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._take_lock(self._lock)
            self._check_format()
        except PermissionError as error:
            self.release()
            raise BufferUnusable(
                f"the buffer's folder {self.path} cannot be used by this user ({error.strerror}: "
                f"{error.filename}); give it the folder, or set buffer.disk_path to another one"
            ) from error
        except (FileExistsError, NotADirectoryError) as error:
            self.release()
            raise BufferUnusable(
                f"buffer.disk_path {self.path} is no folder; set it to another place"
            ) from error
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let another process have it. Safe twice."""
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def private(self) -> None:
        """Take from others what RocksDB gave them: it makes its files as the umask says."""
        for folder, _, files in os.walk(self.path):
            _chmod(folder, 0o700)
            for name in files:
                _chmod(os.path.join(folder, name), 0o600)  # noqa: PTH118 (thousands of files)

    def _take_lock(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise BufferUnusable(
                f"the buffer in {self.path} is in use by another process (pid {owner}); stop that one, "
                "or set buffer.disk_path to another folder"
            ) from error
        with suppress(OSError):  # the number is for people; on a full disk it stays away
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)

    def _check_format(self) -> None:
        file = self.path / "format"
        try:
            line = file.read_text("utf-8", "replace")
        except FileNotFoundError:
            with suppress(OSError):  # no room now: then at the next start
                _replace(file, _FORMAT_LINE.format(FORMAT).encode())
            return
        found = re.search(r"format (\d+)", line)
        if found and int(found[1]) != FORMAT:
            raise BufferUnusable(
                f"the buffer in {self.path} has format {found[1]}, and this version reads format "
                f"{FORMAT}: install the version that wrote it, or set buffer.disk_path to another folder"
            )
        if not found:
            with suppress(
                OSError
            ):  # a damaged line is no reason to refuse; the database has its own checks
                _replace(file, _FORMAT_LINE.format(FORMAT).encode())


def _replace(file: Path, data: bytes) -> None:
    """All of it or nothing, also when the power fails."""
    fresh = file.with_name(file.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)
    fresh.replace(file)


def _chmod(path: str, mode: int) -> None:
    with suppress(OSError):  # gone meanwhile, or not ours: the folder above is closed anyway
        if os.stat(path).st_mode & 0o077:  # noqa: PTH116 (as above)
            os.chmod(path, mode)  # noqa: PTH101 (as above)
