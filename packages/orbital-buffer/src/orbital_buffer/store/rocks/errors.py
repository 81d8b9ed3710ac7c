"""Interprets errors of RocksDB."""

from __future__ import annotations

from typing import Final

MISSING: Final = "No such file or directory"
SYSTEM: Final = ("IO error", "os error")
DAMAGE: Final = ("Corruption", "Invalid argument", "Not implemented", "NotFound")


def is_damage(text: str) -> bool:
    """Whether the error means damaged contents, not an error of the operating system.

    RocksDB reports a system error on its MANIFEST as corruption ("Corruption: Corruption: IO error: ...
    Input/output error"), and a missing file as a system error.
    """
    if any(words in text for words in SYSTEM):
        return MISSING in text
    return any(words in text for words in DAMAGE)
