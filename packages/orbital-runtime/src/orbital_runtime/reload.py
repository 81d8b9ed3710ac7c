"""A reload of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Reload:
    """The last time that the configuration was read."""

    at_ms: int
    """Milliseconds UTC; 0 if it was not read again since the start."""
    successful_ms: int
    """The last time that it was valid, milliseconds UTC."""
    problems: Sequence[str] = ()
    """Why it failed. Where the configuration was refused, the one before stays in effect."""
    changes: Sequence[str] = ()
    """What it changed, a line each."""
    by: str = ""
    """Who asked: `command`, `signal`, `file`, `secret`, or the name of an extension."""
