"""In what state files were, to tell later whether they changed."""

from __future__ import annotations

from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

Signature = tuple[tuple[str, int, int, int], ...]
"""Name, size, time in nanoseconds and inode of each."""


def signature(*paths: Path) -> Signature:
    """Of every file under these paths that we may look at, one level deep."""
    found: list[tuple[str, int, int, int]] = []
    for file in chain.from_iterable(map(_files, paths)):
        with suppress(OSError, ValueError):
            stat = file.stat()
            found.append((str(file), stat.st_size, stat.st_mtime_ns, stat.st_ino))
    return tuple(found)


def _files(path: Path) -> list[Path]:
    with suppress(OSError, ValueError):  # reading it says so
        return sorted(path.glob("*")) if path.is_dir() else [path]
    return []
