"""The results of a sweep."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orbital_sdk.probe import Answer


@dataclass(frozen=True, slots=True)
class Discovered:
    """A device that answered, and its address."""

    host: str
    protocol: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Refusal:
    """A device that answered but refused access."""

    host: str
    protocol: str
    why: str


@dataclass(slots=True)
class Result:
    """The results of a sweep, which may have been interrupted."""

    found: list[Discovered] = field(default_factory=list[Discovered])
    refused: list[Refusal] = field(default_factory=list[Refusal])
    asked: int = 0
    """Number of addresses probed."""
