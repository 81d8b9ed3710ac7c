"""Upper and lower case as in Go: one character for one character, whatever stands beside it (Unicode's simple
mappings), where Python makes `SS` of `ß` and looks whether a sigma ends a word.
"""

from __future__ import annotations


def lower(text: str) -> str:
    """In lower case."""
    return text.lower() if text.isascii() else "".join(map(_lower, text))


def upper(text: str) -> str:
    """In upper case."""
    return text.upper() if text.isascii() else "".join(map(_upper, text))


def _lower(letter: str) -> str:
    changed = letter.lower()
    return changed if len(changed) == 1 else changed[0]  # the i of İ, without its dot


def _upper(letter: str) -> str:
    for changed in (letter.upper(), letter.title()):
        if len(changed) == 1:
            return changed
    return letter
