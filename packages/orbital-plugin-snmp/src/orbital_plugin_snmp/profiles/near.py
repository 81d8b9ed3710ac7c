"""Suggestions for a name that does not exist, to follow a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_sdk import hints

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?`, or what there is, or nothing."""
    hint = hints.did_you_mean(name, known)
    return f"; {hint}" if hint else ""
