"""The folder of a disk buffer as somebody sees it who only looks: room, sync, what was set aside."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

BLOCK: Final = 512
"""Bytes in which `st_blocks` counts."""


class Place(msgspec.Struct, frozen=True):
    """Where a buffer is, and how much room it has there."""

    path: str
    sync: str
    """`always` or `interval`."""
    min_free: int
    """Bytes of the volume that stay free."""
    disk: int
    """Bytes on disk, all files of the buffer but the quarantine and the ballast."""
    free: int | None
    """Bytes free on the volume; None if the system does not say."""
    quarantined: int
    """Entries in the quarantine."""
    quarantine_size: int
    """Bytes on disk of these."""


def place_of(path: Path, *, sync: str, min_free: int) -> Place:
    """Look at this folder. What disappears meanwhile or may not be seen counts nothing."""
    quarantine = path / "quarantine"
    everything, aside = _size(path), _size(quarantine)
    return Place(
        path=str(path),
        sync=sync,
        min_free=min_free,
        disk=everything - aside - _own_size(path / "ballast"),
        free=free(path),
        quarantined=sum(1 for name in _names(quarantine) if name.endswith(".json")),
        quarantine_size=aside,
    )


def unseen(path: Path, *, sync: str, min_free: int) -> Place:
    """Where it is, while the disk does not let anybody look."""
    return Place(str(path), sync, min_free, disk=0, free=None, quarantined=0, quarantine_size=0)


def free(path: Path) -> int | None:
    """Bytes free for us on this volume; None if the system does not say."""
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
        return os.listdir(folder)  # noqa: PTH208 (names are all that is wanted)
    except OSError:
        return []
