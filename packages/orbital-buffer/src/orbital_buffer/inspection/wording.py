"""Messages about an output that the buffer does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def no_such_output(output: str, known: Iterable[str]) -> str:
    """For an output that never had samples."""
    return f"the buffer knows no output {output!r}; it knows: {_names(known)}"


def nothing_kept(output: str, known: Iterable[str]) -> str:
    """For an output that may have had samples."""
    return f"nothing is kept for an output {output!r}; there is: {_names(known)}"


def _names(known: Iterable[str]) -> str:
    return ", ".join(sorted(known)) or "none"
