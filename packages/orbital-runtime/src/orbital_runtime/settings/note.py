"""A note: one key of a configuration, and what happens instead of what it asks for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """What a person should know and need not put right."""

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}"
