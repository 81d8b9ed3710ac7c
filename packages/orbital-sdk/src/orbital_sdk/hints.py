"""What was probably meant by a name that nobody knows."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN: Final = 20
"""Names that a hint lists at most."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like this one, whatever the case; None where none is much like it."""
    folded = {one.lower(): one for one in sorted(known, reverse=True)}
    near = get_close_matches(name.lower(), folded, n=1)
    return folded[near[0]] if near else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint to put behind a message: `did you mean interval?`, else `known here: host, port`.

    Args:
        name: What was written.
        known: What could have been.

    Returns:
        One clause without a full stop; empty where nothing is known.
    """
    names = sorted(set(known))
    near = nearest(name, names)
    if near is not None:
        return f"did you mean {near}?"
    more = ", …" if len(names) > SHOWN else ""
    return f"known here: {', '.join(names[:SHOWN])}{more}" if names else ""
