"""Files that are there as a whole or not at all, and that nobody else may read."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def write_private(
    path: Path, content: Iterable[bytes], *, owner: tuple[int, int] | None = None
) -> None:
    """Make or replace a file (0600): there is the old one or all of the new one, also after a power cut, and
    the new one once this returned.

    Args:
        path: In a folder that is there.
        content: Its bytes, in pieces.
        owner: Ids of the user and group that it belongs to; None for those of this process.

    Raises:
        OSError: It could not be done; nothing changed.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(content)
            if owner is not None:  # before others can put something else in its place
                os.fchown(file.fileno(), *owner)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        sync_folder(path.parent)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Make what was made, renamed or removed in this folder survive a power cut, where its file system can.

    Raises:
        OSError: It could not be done.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # fsync(2): such a file cannot be synced
            raise
    finally:
        os.close(handle)
