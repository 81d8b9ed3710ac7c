"""The quarantine keeps damaged records and files, with the reason, for later recovery."""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path  # noqa: TC003 (used by a NamedTuple at run time)
from typing import Any, Final, NamedTuple

logger = logging.getLogger(__name__)

ROOM: Final = 64 << 20
"""Maximum bytes of damaged records to keep; of further ones only the reason is kept."""


class Quarantine:
    """A folder of damaged records and databases, by date."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: int | None = None
        self._names: set[str] = set()

    def record(self, name: str, data: bytes | None, reason: str, **known: Any) -> None:
        """Keep the bytes of one record, once, if there are any. A full disk is not an error."""
        if name in self._names:
            return
        self._names.add(name)
        stem = f"{_stamp()}-{name}"
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            if self._kept is None:
                self._kept = sum(f.stat().st_size for f in self._folder.glob("*.record"))
            if data is not None and self._kept + len(data) <= ROOM:
                _write(self._folder / f"{stem}.record", data)
                self._kept += len(data)
            why = {"reason": reason, **known}
            _write(self._folder / f"{stem}.json", json.dumps(why, indent=1).encode())
        except OSError as error:
            logger.warning("%s is damaged and could not be set aside: %s", name, error)

    def exchange(self, database: Path, new: Path, reason: str) -> Path:
        """Replace a damaged database by a new one, and keep the damaged one here; returns its path.

        Tables that both share are removed from the quarantine: they are intact, and their space must become
        free when samples are delivered.

        Raises:
            OSError: It cannot be moved.
        """
        self._folder.mkdir(mode=0o700, exist_ok=True)
        place = self._folder / f"{_stamp()}-database"
        _write(place.with_suffix(".json"), json.dumps({"reason": reason}, indent=1).encode())
        shared = [file.name for file in new.glob("*.sst") if _same(file, database / file.name)]
        database.rename(place)
        new.rename(database)
        for name in shared:
            with suppress(OSError):
                (place / name).unlink()
        logger.error(
            "the buffer's database was damaged, and was rebuilt from what can be read; the damaged files "
            "are in %s (%s)", place, reason,
        )  # fmt: skip
        return place

    def logs(self, database: Path, reason: str) -> KeptLogs:
        """Keep the write-ahead logs before RocksDB skips the damaged parts of them.

        Raises:
            OSError: They cannot be kept.
        """
        self._folder.mkdir(mode=0o700, exist_ok=True)
        place = self._folder / f"{_stamp()}-log"
        place.mkdir(mode=0o700)
        for file in database.glob("*.log"):
            os.link(file, place / file.name)
        _write(place.with_suffix(".json"), json.dumps({"reason": reason}, indent=1).encode())
        return KeptLogs(place)


class KeptLogs(NamedTuple):
    """Logs in the quarantine, as hard links, which need no space yet."""

    place: Path

    def discard(self) -> None:
        """Remove them again: they are not needed."""
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.with_suffix(".json").unlink(missing_ok=True)


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except FileNotFoundError:
        return False


def _write(file: Path, data: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(data)


def _stamp() -> str:
    """A unique, sortable time for a file name."""
    now = time.time_ns()
    day = time.strftime("%Y-%m-%dT%H%M%S", time.gmtime(now // 1_000_000_000))
    return f"{day}.{now // 1000 % 1_000_000:06d}Z"
