"""The folder of a disk buffer for inspection: space, sync mode, quarantine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

BLOCK: Final = 512
"""Unit of `st_blocks` in bytes."""


class FolderUsage(msgspec.Struct, frozen=True):
    """The folder of a buffer, its size and the free space."""

    path: str
    sync: str
    """`always` or `interval`."""
    min_free: int
    """Bytes to leave free on the volume."""
    disk: int
    """Bytes on disk of all files of the buffer except quarantine and ballast."""
    free: int | None
    """Free bytes on the volume; None if unknown."""
    quarantined: int
    """Entries in the quarantine."""
    quarantine_size: int
    """Bytes on disk of the quarantine."""


def folder_usage(path: Path, *, sync: str, min_free: int) -> FolderUsage:
    """Examine this folder. Files that disappear meanwhile or cannot be accessed count as 0."""
    quarantine = path / "quarantine"
    everything, aside = _size(path), _size(quarantine)
    return FolderUsage(
        path=str(path),
        sync=sync,
        min_free=min_free,
        disk=everything - aside - _own_size(path / "ballast"),
        free=free(path),
        quarantined=sum(1 for name in _names(quarantine) if name.endswith(".json")),
        quarantine_size=aside,
    )


def unknown_usage(path: Path, *, sync: str, min_free: int) -> FolderUsage:
    """The place while the disk cannot be read."""
    return FolderUsage(
        str(path), sync, min_free, disk=0, free=None, quarantined=0, quarantine_size=0
    )


def free(path: Path) -> int | None:
    """Free bytes for this user on the volume; None if unknown."""
    try:
        told = os.statvfs(path)
    except OSError:
        return None
    return told.f_bavail * told.f_frsize


def _size(folder: Path) -> int:
    return sum(
        _own_size(Path(inside) / name) for inside, _, names in os.walk(folder) for name in names
    )


def _own_size(file: Path) -> int:
    try:
        return file.lstat().st_blocks * BLOCK
    except OSError:
        return 0


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 (only names are needed)
    except OSError:
        return []
