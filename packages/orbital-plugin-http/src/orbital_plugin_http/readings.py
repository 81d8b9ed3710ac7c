"""What was read out of a body."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orbital_sdk import Sample


LONGEST: Final = 300
"""Characters of what a message quotes from a body."""


@dataclass(slots=True)
class Readings:
    """Samples, and what is missing among them."""

    samples: list[Sample] = field(default_factory=list["Sample"])
    missing: int = 0
    """How many did not come."""
    first: str = ""
    """What the first of those was about."""

    def miss(self, what: str, count: int = 1) -> None:
        self.missing += count
        self.first = self.first or what[:LONGEST]

    @property
    def summary(self) -> str:
        """One line about what is missing."""
        return (
            self.first
            if self.missing == 1
            else f"{self.missing} values missing; first: {self.first}"
        )
