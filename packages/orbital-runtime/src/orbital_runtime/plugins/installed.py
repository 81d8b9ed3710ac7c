"""What packages are installed now, beneath the running agent."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from typing import NamedTuple


class Installed(NamedTuple):
    """A distribution as it is installed: not equal where only its version is."""

    version: str
    record: int
    """Hash of the list of its files, which has their hashes."""


class InstalledPackages:
    """Remembers what it read, until something is installed: that changes a folder of packages. A look costs
    some microseconds then, and not the fraction of a millisecond that each package takes to be read.
    """

    def __init__(self) -> None:
        self._folders: tuple[int, ...] = ()
        """When each was changed last."""
        self._found: dict[str, Installed | None] = {}

    def of(self, name: str) -> Installed | None:
        """None where there is no such distribution, as in the middle of an upgrade."""
        folders = tuple([_changed(path) for path in sys.path])
        if folders != self._folders:
            self._folders, self._found = folders, {}
        found = self._found  # a thread may look, too
        if name not in found:
            found[name] = _read(name)
        return found[name]


def _changed(path: str) -> int:
    with suppress(OSError):
        return os.stat(path or ".").st_mtime_ns  # noqa: PTH116 (thousands of times an hour)
    return 0


def _read(name: str) -> Installed | None:
    try:
        found = distribution(name)
        return Installed(str(found.version), hash(found.read_text("RECORD")))
    except (PackageNotFoundError, OSError, KeyError, ValueError):
        return None
