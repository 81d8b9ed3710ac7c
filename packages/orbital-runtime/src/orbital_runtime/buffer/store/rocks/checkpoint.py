"""How far the database had come, noted outside of it: whoever loses a page must not lose the count of it.

RocksDB opens half a MANIFEST as if nothing had ever been there, and a cut write-ahead log as if nothing had
come after. So after each write that reached the disk the states of all outputs are noted here, in two files
in turn, without waiting for the disk. A note is never ahead of the database: what the database lacks of it
was damaged.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from orbital_runtime.buffer.format.stored import pack, unpack
from orbital_runtime.buffer.model.damage import Damaged

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILES: Final = ("checkpoint.0", "checkpoint.1")
BLOCK: Final = 4096
"""Notes are padded to as many of these as their file has, and to twice as many as they need when they outgrow
it: books that grow on a full disk are written over what is there."""


LENGTH: Final = 3
"""Bytes at most that the length of a padding takes beyond that of an empty one."""


class Checkpoint(msgspec.Struct, array_like=True, frozen=True):
    """What the database must know at least."""

    serial: int = 0
    start: int = 0
    """How many times the database was opened."""
    manifest: str = ""
    size: int = 0
    """Bytes of that MANIFEST, which only grows."""
    outputs: dict[str, bytes] = {}
    """States, as they are stored."""
    padding: bytes = b""


class Checkpoints:
    """The two files, of which one can always be read."""

    def __init__(self, folder: Path, database: Path) -> None:
        self._files = [folder / name for name in FILES]
        self._database = database
        self._serial = 0
        self._manifest = ("", 0)

    def read(self) -> Checkpoint:
        """The newer one; an empty one if there is none.

        Raises:
            OSError: The disk does not give it.
        """
        newest = max(map(_read, self._files), key=lambda checkpoint: checkpoint.serial)
        self._serial = newest.serial
        return newest

    def write(self, start: int, outputs: Mapping[str, bytes]) -> None:
        """Note this. A full disk is no error here: the other note holds as well."""
        self._serial += 1
        self._grow()
        note = Checkpoint(self._serial, start, *self._manifest, dict(outputs))
        with suppress(OSError):
            file = self._files[self._serial % len(FILES)]
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                size = os.fstat(handle).st_size
                data = _padded(note, _blocks(size))
                os.pwrite(handle, data, 0)
                if size != len(data):
                    os.ftruncate(handle, len(data))
            finally:
                os.close(handle)

    def look(self) -> None:
        """See which MANIFEST there is now, and how long it is; the next notes say it."""
        self._manifest = self.manifest()

    def _grow(self) -> None:
        name, _ = self._manifest
        try:
            self._manifest = name, (self._database / name).stat().st_size
        except OSError:
            self.look()  # RocksDB began another one

    def manifest(self) -> tuple[str, int]:
        """Name and size of the database's MANIFEST; nothing where there is none."""
        try:
            name = (self._database / "CURRENT").read_text().strip()
            return name, (self._database / name).stat().st_size if name else 0
        except (OSError, ValueError):
            return "", 0


def _padded(note: Checkpoint, room: int) -> bytes:
    """The note as bytes: as many as there is room for, or twice as many as it needs."""
    needed = len(pack(note)) + LENGTH
    size = room if needed <= room else _blocks(2 * needed)
    return pack(msgspec.structs.replace(note, padding=bytes(size - needed)))


def _blocks(size: int) -> int:
    """The size of so many bytes in whole blocks."""
    return -(-size // BLOCK) * BLOCK


def _read(file: Path) -> Checkpoint:
    try:
        return unpack(Checkpoint, file.read_bytes())
    except (FileNotFoundError, Damaged):
        return Checkpoint()
