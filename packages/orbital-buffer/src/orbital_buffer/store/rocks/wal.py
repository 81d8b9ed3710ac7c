"""Checks and repairs record headers in RocksDB's write-ahead log before RocksDB reads them.

A log consists of blocks of 32 KiB with records: `crc32c (masked) | length | type`, 4, 2 and 1 bytes, then the
data (RocksDB, `db/log_format.h`). A record is whole (1), or the first, a middle or the last fragment of one
(2, 3, 4). All other types belong to options that are not used here. On some of them RocksDB, told to skip
damage, reads the same header for ever: 5 to 8 and 11, the types of recycled logs.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_buffer.store.rocks.port import Mended

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK: Final = 32 << 10
HEADER: Final = 7
TYPE: Final = 6
"""Offset of the type in a header."""
WHOLE: Final = 1
LAST: Final = 4
_POLYNOMIAL: Final = 0x82F63B78
_MASK: Final = 0xA282EAD8


class _Bad(NamedTuple):
    at: int
    """Offset in the block."""
    type: int
    real: int
    """The correct type according to the checksum; 0 if unknown."""


def mend(database: Path) -> list[Mended]:
    """Change the headers on which RocksDB would hang, in all logs of a database that is not open.

    A type with one wrong bit is corrected, and nothing is lost. Other headers are changed such that RocksDB
    finds a wrong checksum, and skips the rest of the block. A log with other hard links is replaced by a copy
    first.

    Raises:
        OSError: A log cannot be read or changed.
    """
    mended: list[Mended] = []
    for log in sorted(database.glob("*.log")):
        found = [(at, block, bad) for at, block in _blocks(log) if (bad := list(_bad(block)))]
        if found:
            _change(log, {at + bad.at: bad.real or WHOLE for at, _, bads in found for bad in bads})
        mended += (
            Mended(log.name, at + bad.at, block, _reason(bad))
            for at, block, bads in found
            for bad in bads
        )
    return mended


def _blocks(log: Path) -> Iterator[tuple[int, bytes]]:
    with log.open("rb") as file:
        at = 0
        while block := file.read(BLOCK):
            yield at, block
            at += len(block)


def _bad(block: bytes) -> Iterator[_Bad]:
    """Headers in a block with an unused type, up to one that cannot be corrected."""
    at = 0
    while at + HEADER <= len(block):
        length = block[at + 4] | block[at + 5] << 8
        kind = block[at + TYPE]
        if kind > LAST:
            bad = _Bad(at, kind, _real(kind, block[at : at + HEADER + length], length))
            yield bad
            if not bad.real:
                return
        at += HEADER + length


def _real(kind: int, record: bytes, length: int) -> int:
    """The type with which the checksum is correct, if it differs in one bit; 0 if there is none."""
    stored = int.from_bytes(record[:4], "little")
    near = [kind ^ 1 << bit for bit in range(8) if WHOLE <= kind ^ 1 << bit <= LAST]
    if len(record) < HEADER + length:
        return 0
    return next((t for t in near if checksum(bytes((t,)) + record[HEADER:]) == stored), 0)


def checksum(data: bytes) -> int:
    """CRC-32C, masked as in a log (RocksDB, `util/crc32c.h`). A speed of 1 MB/s is enough here."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE: Final = [_entry(byte) for byte in range(256)]


def _change(log: Path, types: dict[int, int]) -> None:
    if log.is_symlink() or log.stat().st_nlink > 1:
        copy = log.with_suffix(".copy")
        shutil.copyfile(log, copy)
        copy.replace(log)
    handle = os.open(log, os.O_WRONLY | os.O_CLOEXEC)
    try:
        for at, kind in types.items():
            os.pwrite(handle, bytes((kind,)), at + TYPE)
        os.fsync(handle)
    finally:
        os.close(handle)


def _reason(bad: _Bad) -> str:
    if bad.real:
        return f"type {bad.type} of a record was {bad.real}, as its checksum says"
    return f"a record has type {bad.type}, which is never written; what is left of its block is skipped"
