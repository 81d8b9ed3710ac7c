"""The volume of a folder: its file system, and its rate of syncs."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")
IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})
OVER_NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "fuse.sshfs", "fuse.s3fs"}
)
BLOCK: Final = b"\0" * 4096
ENOUGH: Final = 0.3
"""Duration of the measurement, in seconds."""
AT_LEAST: Final = 3
BLOCKS: Final = 64
"""Blocks written in turn; otherwise a fast disk would fill up."""


def file_system(folder: Path, mounts: Path = MOUNTS) -> str:
    """The type, such as `ext4`; empty if the system does not tell it (proc_pid_mountinfo(5))."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    kinds: dict[str, str] = {}
    for line in lines:
        fields = line.split()
        kinds[_unescaped(fields[4])] = fields[fields.index("-") + 1]
    for parent in (folder, *folder.parents):
        if str(parent) in kinds:
            return kinds[str(parent)]
    return ""


def syncs_per_second(folder: Path) -> float:
    """The rate of small sequential writes that are each synced to the disk.

    Raises:
        OSError: A write or sync failed.
    """
    file = folder / f".sentinel-validate-{os.getpid()}"
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        begin, count = time.monotonic(), 0
        while count < AT_LEAST or time.monotonic() - begin < ENOUGH:
            os.pwrite(handle, BLOCK, count % BLOCKS * len(BLOCK))
            os.fsync(handle)
            count += 1
        return count / max(time.monotonic() - begin, 1e-9)
    finally:
        os.close(handle)
        file.unlink()


def _unescaped(path: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        path = path.replace(code, character)
    return path
