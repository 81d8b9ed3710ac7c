"""The folder of a disk buffer: its lock, owner and format.

lock          held by the process that uses it
format        version of everything else
checkpoint    how far the database had come at least, and the outputs as they were then
db/           the database
ballast       room that is given up when the disk is full
quarantine/   what was damaged, by date
rescue/       a database in the making, out of a damaged one
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from orbital_buffer.model.errors import BufferInUse, BufferUnusable
from orbital_buffer.store.rocks.checkpoint import FILES, Checkpoints
from orbital_buffer.store.rocks.crash_counts import CrashCounts
from orbital_sdk.files import sync_folder

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

FORMAT: Final = 1
OURS: Final = frozenset(
    {"lock", "format", "format.new", *FILES, "db", "ballast", "quarantine", "rescue", "lost+found"}
)
SETTING: Final = frozenset(
    {
        errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.ENOTDIR, errno.ENOENT, errno.ELOOP,
        errno.ENAMETOOLONG, errno.EINVAL,
    }
)  # fmt: skip
"""Errors of a wrong path or missing permissions. Others are disk errors, which may be temporary."""
_FORMAT_LINE: Final = "orbital-sentinel disk buffer, format {}\n"


class Folder:
    """The folder, locked by this process until `release`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / "db"
        self.quarantine = path / "quarantine"
        self.rescue = path / "rescue"
        self.ballast = path / "ballast"
        self.checkpoints = Checkpoints(path, self.database)
        self.crash_counts = CrashCounts(path)
        self._lock: int | None = None

    def hold(self) -> None:
        """Create and lock it, and check its format. Idempotent.

        Raises:
            BufferUnusable: Another process has it, it is not writable or another program's, or a newer
                version made it.
            OSError: The disk fails.
        """
        if self._lock is not None:
            return
        try:
            _make(self.path)
            self._check_ours()
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._take_lock(self._lock)
            self._check_format()
        except BaseException as error:
            self.release()
            if isinstance(error, OSError) and error.errno in SETTING:
                raise BufferUnusable(_unusable(self.path, error)) from error
            raise

    def release(self) -> None:
        """Unlock it. Idempotent."""
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    @contextmanager
    def at_rest(self) -> Generator[None]:
        """Hold a shared lock, so that nothing is written meanwhile. Changes and creates nothing.

        Raises:
            BufferInUse: An agent uses it.
            BufferUnusable: There is no buffer, it is not readable, or a newer version made it.
        """
        try:
            if not self.path.is_dir() or not any(self.path.iterdir()):
                raise BufferUnusable(
                    f"there is no disk buffer in {self.path}; buffer.disk_path says where it is, from the "
                    "folder in which the sentinel is started where it is a relative path"
                )
            self._check_ours()
            lock = os.open(self.path / "lock", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            self.known_format()
            yield
            return
        except PermissionError as error:
            raise BufferUnusable(_unusable(self.path, error)) from error
        try:
            self._try_lock(lock, fcntl.LOCK_SH)
            self.known_format()
            yield
        finally:
            os.close(lock)

    def private(self) -> None:
        """Remove permissions of other users: RocksDB creates its files according to the umask."""
        for folder, _, files in os.walk(self.path):
            _chmod(folder, 0o700)
            for name in files:
                _chmod(os.path.join(folder, name), 0o600)  # noqa: PTH118 (thousands of files)

    def _take_lock(self, lock: int) -> None:
        self._try_lock(lock, fcntl.LOCK_EX)
        with suppress(OSError):  # the process id is for people; on a full disk it is omitted
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)

    def _try_lock(self, lock: int, kind: int) -> None:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise BufferInUse(
                f"the buffer in {self.path} is in use by another process (pid {owner}); stop that one, "
                "or set buffer.disk_path to another folder",
                owner,
            ) from error

    def _check_ours(self) -> None:
        """Refuse a folder with foreign files, whose permissions would be removed."""
        names = set(os.listdir(self.path))  # noqa: PTH208 (names are all that is wanted)
        others = sorted(name for name in names - OURS if not name.startswith("."))
        if others and not names & {"db", "format"}:
            raise BufferUnusable(
                f"{self.path} is not a disk buffer and not empty ({others[0]} is in it); set buffer.disk_path"
                " to a folder that is empty or not there yet"
            )

    def _check_format(self) -> None:
        if not self.known_format():
            with suppress(OSError):  # no space: retried at the next start
                _replace(self.path / "format", _FORMAT_LINE.format(FORMAT).encode())

    def known_format(self) -> bool:
        """Whether the file has the current format. A damaged line is accepted: the database has checks.

        Raises:
            BufferUnusable: It has another format.
        """
        try:
            line = (self.path / "format").read_text("utf-8", "replace")
        except FileNotFoundError:
            return False
        found = re.search(r"format (\d+)", line)
        if found and int(found[1]) != FORMAT:
            raise BufferUnusable(
                f"the buffer in {self.path} has format {found[1]}, and this version reads format "
                f"{FORMAT}: install the version that wrote it, or set buffer.disk_path to another folder"
            )
        return line == _FORMAT_LINE.format(FORMAT)


def _unusable(path: Path, error: OSError) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"buffer.disk_path {path} is not a folder; set it to another place"
    what = f"{error.strerror}: {error.filename}"
    if isinstance(error, PermissionError):
        return (
            f"the buffer's folder {path} cannot be used by this user ({what}); give it the folder, or set "
            "buffer.disk_path to another one"
        )
    return (
        f"the buffer's folder {path} cannot be used ({what}); set buffer.disk_path to another one"
    )


def _make(folder: Path) -> None:
    """Create the folder (0700) with its parents, and sync its entry to disk."""
    if not folder.is_dir():
        if not folder.parent.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)


def _replace(file: Path, data: bytes) -> None:
    """Replace a file atomically, also in case of a power failure."""
    fresh = file.with_name(file.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)
    fresh.replace(file)


def _chmod(path: str, mode: int) -> None:
    with suppress(OSError):  # removed meanwhile, or another user's: the parent folder is private
        if os.stat(path).st_mode & 0o077:  # noqa: PTH116 (as above)
            os.chmod(path, mode)  # noqa: PTH101 (as above)
