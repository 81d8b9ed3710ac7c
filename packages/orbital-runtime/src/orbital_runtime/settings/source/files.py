"""Finds and reads configuration files."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orbital_runtime.paths import config_dirs
from orbital_runtime.settings.source.document import MAX_BYTES
from orbital_sdk.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME: Final = "config.yaml"
TASKS_DIR: Final = "tasks.d"
_ENDINGS: Final = (".yaml", ".yml")


def candidates(environ: Mapping[str, str]) -> list[Path]:
    """The files that are searched for, in order, if none is given."""
    here = Path()
    return [here / NAME, here / "config" / NAME, *(d / NAME for d in config_dirs(environ))]


def first(environ: Mapping[str, str]) -> Path | None:
    """The first configuration that exists, even if it cannot be read: that is reported later."""
    return next((path for path in candidates(environ) if _is_there(path)), None)


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except PermissionError:
        return True


def read(path: Path, problems: list[Problem]) -> str | None:
    """The text of the file; None, and a problem, if it cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        problems.append(Problem(*_unreadable(error), file=str(path)))
        return None
    if len(content) > MAX_BYTES:
        problems.append(Problem(f"is larger than {MAX_BYTES >> 20} MiB", file=str(path)))
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        hint = "save the file as UTF-8"
        problems.append(Problem("is not UTF-8 text", hint=hint, file=str(path), line=line))
        return None


def _unreadable(error: OSError) -> tuple[str, tuple[()], str]:
    if isinstance(error, FileNotFoundError):
        return "there is no such file", (), "`sentinel config init` writes one to begin with"
    if isinstance(error, IsADirectoryError):
        return "is a folder", (), f"name the file in it, for example {NAME}"
    if isinstance(error, PermissionError):
        return "may not be read", (), "give this user the right to read it"
    return f"cannot be read: {error.strerror}", (), ""


def task_files(folder: Path, problems: list[Problem], *, named: bool) -> list[Path]:
    """The files of a tasks folder, sorted by name.

    Args:
        folder: The folder.
        problems: Problems are added to it.
        named: It was configured, so it must exist.
    """
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except (OSError, ValueError) as error:
        if named or not isinstance(error, FileNotFoundError):
            why = getattr(error, "strerror", None) or error
            message = f"{folder} cannot be read: {why}"
            problems.append(Problem(message, ("tasks_dir",)))
        return []
    return [folder / name for name in names if name.endswith(_ENDINGS) and not name.startswith(".")]


def open_to_others(path: Path) -> bool:
    """Whether group or others may read it."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return os.name == "posix" and bool(mode & (stat.S_IRGRP | stat.S_IROTH))
