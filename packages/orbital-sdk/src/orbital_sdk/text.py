"""Text of a bounded size, and counts in words."""

from __future__ import annotations

from typing import Final

_MARK: Final = "…"
_MARK_BYTES: Final = len(_MARK.encode())


def cut(text: str, most: int) -> str:
    """The text in at most so many bytes of UTF-8: a longer one ends between two characters, with `…`.

    Raises:
        UnicodeEncodeError: It is not text that UTF-8 can carry.
    """
    if text.isascii() and len(text) <= most:
        return text
    encoded = text.encode()
    if len(encoded) <= most:
        return text
    mark = _MARK if most >= _MARK_BYTES else ""
    return encoded[: most - len(mark.encode())].decode(errors="ignore") + mark


def plural(count: int, word: str, words: str = "") -> str:
    """A count with its noun: `1 record`, `1,234 records`.

    Args:
        count: How many.
        word: One of them.
        words: Several of them; left out: `word` with an s.
    """
    return f"{count:,} {word if count == 1 else words or word + 's'}"
