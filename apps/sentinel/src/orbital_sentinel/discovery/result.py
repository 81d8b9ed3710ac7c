"""What a sweep has found so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orbital_sdk.probe import Answer


@dataclass(frozen=True, slots=True)
class Discovered:
    """An answer, and where it came from."""

    host: str
    protocol: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Refusal:
    """Somebody is there, but may not be read."""

    host: str
    protocol: str
    why: str


@dataclass(slots=True)
class Result:
    """Of a sweep that may have been cut short."""

    found: list[Discovered] = field(default_factory=list[Discovered])
    refused: list[Refusal] = field(default_factory=list[Refusal])
    asked: int = 0
    """Addresses."""
