"""What RocksDB says of its files and of the disk that they are on."""

from __future__ import annotations

from typing import Final

MISSING: Final = "No such file or directory"
SYSTEM: Final = ("IO error", "os error")
DAMAGE: Final = ("Corruption", "Invalid argument", "Not implemented", "NotFound")


def is_damage(text: str) -> bool:
    """Whether RocksDB says this of what its files hold, and not of the system that reads and writes them.

    An error of the system comes dressed as corruption where RocksDB met it in its MANIFEST ("Corruption:
    Corruption: IO error: ... Input/output error"), and a file that is gone comes as an error of the system.
    """
    if any(words in text for words in SYSTEM):
        return MISSING in text
    return any(words in text for words in DAMAGE)
