"""`sentinel validate --buffer`: checks whether an agent could use the configured buffer. Changes nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_buffer.model.errors import BufferInUse, BufferUnusable
from orbital_buffer.store.folder_usage import folder_usage, free
from orbital_buffer.store.rocks.folder import FORMAT, Folder
from orbital_sdk.units import format_bytes
from orbital_sentinel.buffer.volume import IN_MEMORY, OVER_NETWORK, file_system, syncs_per_second
from orbital_sentinel.terminal.wording import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_runtime.settings import BufferSection

OK: Final = "ok"
WARNING: Final = "warning"
FAILED: Final = "failed"
SLOW: Final = 20
"""Syncs per second below which collections wait noticeably for the disk."""


class Check(NamedTuple):
    """The result of one check."""

    check: str
    result: str
    message: str


def check_buffer(section: BufferSection) -> Iterator[Check]:
    """All checks that need no agent."""
    if section.type == "memory":
        yield Check(
            "type", WARNING, "samples wait in memory, and are lost when the agent ends or crashes; "
            "buffer.type: disk keeps them",
        )  # fmt: skip
        return
    path = Path(section.disk_path).absolute()
    try:
        there = next(one for one in (path, *path.parents) if one.exists() or one.is_symlink())
    except PermissionError:
        yield Check(
            "folder",
            FAILED,
            f"user {os.geteuid()} may not look at {path}; run this as the sentinel's user",
        )
        return
    folder = _folder(path, there)
    yield folder
    if folder.result == FAILED:
        return
    permissions = _permissions(path, there)
    yield permissions
    if path.is_dir():
        yield from _state(path)
    yield _kind(there)
    yield _space(section, path, there)
    if permissions.result != FAILED:
        yield _syncs(section, there)


def _folder(path: Path, there: Path) -> Check:
    if not there.is_dir():
        return Check(
            "folder", FAILED, f"{there} is not a folder; set buffer.disk_path to another place"
        )
    if there == path:
        return Check("folder", OK, f"{path}")
    return Check("folder", OK, f"{path} is not there yet; it will be made in {there}")


def _permissions(path: Path, there: Path) -> Check:
    if os.statvfs(there).f_flag & os.ST_RDONLY:
        return Check("permissions", FAILED, f"the file system of {there} is read-only")
    if not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        return Check(
            "permissions", FAILED,
            f"user {os.geteuid()} may not write in {there}, which belongs to user {there.stat().st_uid}",
        )  # fmt: skip
    mode = path.stat().st_mode & 0o777 if path.is_dir() else 0o700
    if mode & 0o077:
        return Check("permissions", WARNING, f"mode {mode:04o}: others can look in; 0700 is right")
    return Check(
        "permissions", OK, f"this user may write there, others may not look in ({mode:04o})"
    )


def _state(path: Path) -> Iterator[Check]:
    """Format and owner of an existing folder."""
    try:
        with Folder(path).at_rest():
            yield Check("format", OK, f"format {FORMAT}, which this version reads")
            yield Check("in use", OK, "no agent has it")
    except BufferInUse as error:
        yield Check("in use", OK, f"process {error.pid} has it, as a running sentinel does")
    except BufferUnusable as error:
        empty = not any(path.iterdir()) if os.access(path, os.R_OK) else False
        yield Check(
            "format", OK if empty else FAILED, "the folder is empty" if empty else str(error)
        )


def _kind(there: Path) -> Check:
    kind = file_system(there.resolve()) or "unknown"
    if kind in IN_MEMORY:
        return Check("file system", WARNING, f"{kind}: it is in memory, and empty after a reboot")
    if kind in OVER_NETWORK:
        return Check(
            "file system", WARNING,
            f"{kind}: over a network locks and syncs may not hold what they promise; use a local disk",
        )  # fmt: skip
    return Check("file system", OK, kind)


def _space(section: BufferSection, path: Path, there: Path) -> Check:
    left = free(there)
    if left is None:
        return Check("space", WARNING, "the system does not say how much is free")
    least = section.min_free
    if left < least:
        return Check(
            "space", FAILED, f"{size(left)} are free, less than buffer.min_free ({format_bytes(least)}): "
            "new samples would wait in memory only",
        )  # fmt: skip
    used = folder_usage(path, sync=section.sync, min_free=least).disk
    if left - least < section.bytes - used:
        return Check(
            "space", WARNING, f"{size(left)} are free: the buffer cannot grow to buffer.bytes "
            f"({format_bytes(section.bytes)}) and leave buffer.min_free ({format_bytes(least)})",
        )  # fmt: skip
    return Check(
        "space", OK, f"{size(left)} are free, for buffer.bytes {format_bytes(section.bytes)} and "
        f"buffer.min_free {format_bytes(least)}",
    )  # fmt: skip


def _syncs(section: BufferSection, there: Path) -> Check:
    try:
        rate = syncs_per_second(there)
    except OSError as error:
        return Check("sync", FAILED, f"the disk does not take a synced write: {error.strerror}")
    told = f"{rate:,.0f} synced writes a second ({1000 / rate:.2g} ms each), sync: {section.sync}"
    if rate < SLOW and section.sync == "always":
        return Check("sync", WARNING, f"{told}; on a disk this slow sync: interval is kinder")
    return Check("sync", OK, told)
