"""A note about a key of the configuration that can be used but is odd."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """Something odd that does not prevent the configuration from being used."""

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}"
