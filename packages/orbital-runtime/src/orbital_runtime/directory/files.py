"""The files that make up the plugins of a directory, and who may write to them."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME: Final = "plugin.yaml"


def folders(directory: Path) -> list[Path]:
    """Those that may have a plugin."""
    with suppress(OSError):
        return sorted(
            path for path in directory.iterdir() if path.is_dir() and path.name[:1] not in "._"
        )
    return []


def parts(folder: Path) -> list[Path]:
    """What a plugin is made of: its description and programs. Programs may keep other files beside them,
    whose changes mean nothing.
    """
    with suppress(OSError):
        programs = [path for path in sorted(folder.iterdir()) if _is_program(path)]
        return [folder / NAME, *programs]
    return [folder / NAME]


def watched(directory: Path) -> list[Path]:
    """Files and folders whose change calls for another look."""
    if not directory.is_dir():
        return []
    return [directory, *(part for folder in folders(directory) for part in parts(folder))]


def check_rights(directory: Path, folder: Path) -> None:
    """Refuse a plugin that somebody else could change.

    Raises:
        ConfigurationError: Who may write to what.
    """
    if os.name != "posix":
        return
    for path in (directory, folder, *_all(folder)):
        if reason := _writable(path.stat()):
            raise ConfigurationError(
                f"{path} {reason}, so somebody else could change what runs here: give it to root or to"
                " the user of this agent, and `chmod go-w` it"
            )


def _writable(found: os.stat_result) -> str:
    if found.st_uid not in (0, os.geteuid()):
        return f"belongs to the user {found.st_uid}"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return (
            "can be written by its group"
            if found.st_mode & stat.S_IWGRP
            else "can be written by all"
        )
    return ""


def _all(folder: Path) -> Iterator[Path]:
    """All files and folders in it that are there; a link counts as what it points to."""
    for path in folder.rglob("*"):
        if path.exists():
            yield path


def _is_program(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & 0o111)
