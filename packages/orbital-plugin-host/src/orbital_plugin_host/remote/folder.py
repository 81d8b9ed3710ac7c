"""The private folder of a program, for its socket; and those that a killed agent left."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR
from typing import TYPE_CHECKING, Final

from orbital_plugin_host.remote.descendants import kill_descendants

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pwd import struct_passwd

log = logging.getLogger("orbital.plugins")

PREFIX: Final = "orbital-host-"
LOCK: Final = "agent"
"""A file that the agent has locked while it lives."""
YOUNG: Final = 60.0
"""Seconds in which a folder may not be locked yet."""


class PrivateFolder:
    """Only its owner may enter it.

    Args:
        owner: User of the program; None for that of the agent.
    """

    def __init__(self, owner: struct_passwd | None = None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))  # 0700
        self._lock = os.open(self.path / LOCK, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        if owner is not None:
            os.chown(self.path, owner.pw_uid, owner.pw_gid)

    def remove(self) -> None:
        """Idempotent."""
        shutil.rmtree(self.path, ignore_errors=True)
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)


def hand_over(folder: Path, owner: struct_passwd) -> None:
    """Make this user the owner of a folder, and of all that is in it when it becomes that."""
    if folder.stat().st_uid == owner.pw_uid:
        return
    for path in (*folder.rglob("*"), folder):
        os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


def remove_left_behind(owners: Collection[int]) -> None:
    """Remove the folders of these users whose agent is gone, and kill what still runs of their programs."""
    for folder in _left_behind(owners):
        kill_descendants(folder)
        shutil.rmtree(folder, ignore_errors=True)
        log.info("removed %s, which an agent left that was killed", folder)


def _left_behind(owners: Collection[int]) -> Iterator[Path]:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # it has just gone, or nothing is to be done with it
            found = folder.lstat()
            old = time.time() - found.st_mtime > YOUNG
            if S_ISDIR(found.st_mode) and found.st_uid in owners and old and _unlocked(folder):
                yield folder


def _unlocked(folder: Path) -> bool:
    """Whether no agent holds it."""
    # not waiting: the program's user may have put a pipe there
    lock = os.open(folder / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True
