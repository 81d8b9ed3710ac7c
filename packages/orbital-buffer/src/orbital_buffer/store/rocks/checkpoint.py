"""Checkpoints: the states of all outputs, noted outside of the database, so that lost records are counted.

RocksDB opens a truncated MANIFEST as an empty database, and a truncated write-ahead log without its later
records. So after each write that reached the disk the states of all outputs are noted here, in two files in
turn, without waiting for the disk. A note is never ahead of the database: what the database lacks of it was
damaged.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from orbital_buffer.format.stored import pack, unpack
from orbital_buffer.model.damage import Damaged

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILES: Final = ("checkpoint.0", "checkpoint.1")
BLOCK: Final = 4096
"""Notes are padded to a multiple of this size: to the size of their file, or if that is too small to twice
what they need. So notes that grow on a full disk overwrite existing blocks."""


LENGTH: Final = 3
"""Maximum bytes that encode the length of a padding, beyond those of an empty one."""


class Checkpoint(msgspec.Struct, array_like=True, frozen=True):
    """The minimum that the database must contain."""

    serial: int = 0
    start: int = 0
    """How many times the database was opened."""
    manifest: str = ""
    size: int = 0
    """Bytes of that MANIFEST, which is append-only."""
    outputs: dict[str, bytes] = {}
    """Encoded states by output."""
    padding: bytes = b""


class Checkpoints:
    """The two checkpoint files, one of which is always readable."""

    def __init__(self, folder: Path, database: Path) -> None:
        self._files = [folder / name for name in FILES]
        self._database = database
        self._serial = 0
        self._manifest = ("", 0)

    def read(self) -> Checkpoint:
        """The newer checkpoint; an empty one if there is none.

        Raises:
            OSError: It cannot be read.
        """
        newest = max(map(_read, self._files), key=lambda checkpoint: checkpoint.serial)
        self._serial = newest.serial
        return newest

    def write(self, start: int, outputs: Mapping[str, bytes]) -> None:
        """Write a checkpoint. A full disk is not an error here: the other file remains valid."""
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
        """Read name and size of the current MANIFEST for the next checkpoints."""
        self._manifest = self.manifest()

    def _grow(self) -> None:
        name, _ = self._manifest
        try:
            self._manifest = name, (self._database / name).stat().st_size
        except OSError:
            self.look()  # RocksDB started a new one

    def manifest(self) -> tuple[str, int]:
        """Name and size of the database's MANIFEST; empty and 0 if there is none."""
        try:
            name = (self._database / "CURRENT").read_text().strip()
            return name, (self._database / name).stat().st_size if name else 0
        except (OSError, ValueError):
            return "", 0


def _padded(note: Checkpoint, room: int) -> bytes:
    """The encoded checkpoint, padded to `room`, or to twice its size if that is too small."""
    needed = len(pack(note)) + LENGTH
    size = room if needed <= room else _blocks(2 * needed)
    return pack(msgspec.structs.replace(note, padding=bytes(size - needed)))


def _blocks(size: int) -> int:
    """The size rounded up to whole blocks."""
    return -(-size // BLOCK) * BLOCK


def _read(file: Path) -> Checkpoint:
    try:
        return unpack(Checkpoint, file.read_bytes())
    except (FileNotFoundError, Damaged):
        return Checkpoint()
