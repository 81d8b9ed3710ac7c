"""What is wrong with a user's configuration: where, why, and how to put it right."""

from __future__ import annotations

import re
from dataclasses import dataclass

Loc = tuple[str | int, ...]
"""The path to a value: `("tasks", 2, "interval")`."""


def dotted(loc: Loc) -> str:
    """The path as people write it: `tasks[2].interval`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return text.removeprefix(".")


def undotted(key: str) -> Loc:
    """The inverse of `dotted`, for keys without dots and brackets in their names."""
    parts = re.findall(r"\[(\d+)\]|([^.\[\]]+)", key)
    return tuple(int(index) if index else name for index, name in parts)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right. As text: `FILE:LINE: KEY: MESSAGE; HINT`."""

    message: str
    """What is wrong."""
    loc: Loc = ()
    """The path to it, from the root of what was checked."""
    hint: str = ""
    """What would be right."""
    file: str = ""
    """The file, or the environment variable; empty if neither."""
    line: int = 0
    """From 1; 0 if unknown."""

    @property
    def key(self) -> str:
        """The dotted key."""
        return dotted(self.loc)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        text = f"{self.message}; {self.hint}" if self.hint else self.message
        line = ": ".join(part for part in (place, self.key, text) if part)
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
