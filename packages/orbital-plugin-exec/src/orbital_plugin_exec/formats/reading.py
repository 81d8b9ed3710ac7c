"""What was read of an output."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_sdk import Sample

MALFORMED: Final = "malformed"
"""Lines that are not of the format."""
TOO_LONG: Final = "too_long"
"""Lines above `max_line`."""
TEXT: Final = "text"
"""Fields whose value is a text: they are not samples. Not an error."""
VALUE: Final = "value"
"""Values that are not numbers."""
NAME: Final = "name"
"""Series with a name or labels that no destination would take."""

SHOWN: Final = 120
"""Characters of a line in a message."""


@dataclass(slots=True)
class Reading:
    """Samples, and what is left out."""

    samples: list[Sample] = field(default_factory=list["Sample"])
    refused: Counter[str] = field(default_factory=Counter[str])
    """Lines and values, by reason."""
    problem: str = ""
    """The first one."""

    @property
    def wrong(self) -> int:
        """How many lines and values are refused as errors."""
        return self.refused.total() - self.refused[TEXT]

    def refuse(self, reason: str, problem: str) -> None:
        """Leave out a line or value."""
        self.refused[reason] += 1
        self.problem = self.problem or problem


class Format(Protocol):
    """Reads lines of one program. Keeps what it learned of its series."""

    def read(self, lines: Iterable[str], into: Reading) -> None:
        """Read complete lines, without their ends."""
        ...


def shown(line: str) -> str:
    """A line for a message."""
    return repr(line if len(line) <= SHOWN else f"{line[:SHOWN]}…")
