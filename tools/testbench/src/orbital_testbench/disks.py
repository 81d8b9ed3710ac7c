"""A small disk that can really be full."""

from __future__ import annotations

import contextlib
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


class MountError(RuntimeError):
    """This user may not mount one."""


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Generator[Path]:
    """A tmpfs of `size` bytes mounted on `folder`, for as long as the block lasts. Needs root.

    Raises:
        MountError: Not root, or no right to mount here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "orbital-test", str(folder)]
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise MountError("there is no mount command here") from error
    if made.returncode:
        raise MountError(f"a small disk cannot be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
