"""Private files in a folder that may be another user's."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orbital_sdk import ConfigurationError
from orbital_sdk.files import write_private

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Write a file (0600) that is there as a whole. Written by root, it belongs to the folder's owner: the
    service has to read it.

    Raises:
        ConfigurationError: It could not be written; nothing changed.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = path.parent.stat()
        owner = (folder.st_uid, folder.st_gid) if os.geteuid() == 0 else None
        write_private(path, [content], owner=owner)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Nobody else changes files here meanwhile. The folder is made if it is missing.

    Raises:
        ConfigurationError: The folder cannot be used.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
