"""What is wrong with a configuration, said so that a person can put it right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Loc = tuple[str | int, ...]
"""The way to a value: `("tasks", 2, "interval")`."""


def dotted(loc: Loc) -> str:
    """The way as people write it: `tasks[2].interval`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return text.removeprefix(".")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right."""

    message: str
    """What is wrong."""
    loc: Loc = ()
    """Where in the configuration; from the task on where only a task was looked at."""
    hint: str = ""
    """What would be right."""
    file: str = ""
    """The file, or the environment variable; empty where it is about neither."""
    line: int = 0
    """From 1; 0 where there is none."""

    @property
    def key(self) -> str:
        """The dotted key."""
        return dotted(self.loc)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        text = f"{self.message}; {self.hint}" if self.hint else self.message
        line = ": ".join(part for part in (place, self.key, text) if part)
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


class SettingsError(ConfigurationError):
    """The configuration cannot be used. Holds every problem at once, and no secret."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(dict.fromkeys(problems))
        super().__init__("\n".join(map(str, self.problems)))
