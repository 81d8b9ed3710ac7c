"""Status codes as people write them: 200, 200-299, 2xx."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_FORM: Final = re.compile(r"([1-9])xx|([1-9]\d\d)(?:\s*-\s*([1-9]\d\d))?", re.IGNORECASE)


def ranges(text: str) -> range:
    """The codes that `text` names.

    Raises:
        ValueError: It names none.
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ValueError("a status is written 200, 200-299 or 2xx")
    if match[1]:
        return range(int(match[1]) * 100, int(match[1]) * 100 + 100)
    codes = range(int(match[2]), int(match[3] or match[2]) + 1)
    if not codes:
        raise ValueError(f"the range {text} runs backwards")
    return codes


class Expected:
    """A set of status codes that can say what it holds."""

    def __init__(self, texts: Iterable[str]) -> None:
        spans = [ranges(text) for text in texts]
        self.codes: Final = frozenset(code for span in spans for code in span)
        self._text = ", ".join(
            str(span[0]) if len(span) == 1 else f"{span[0]}-{span[-1]}" for span in spans
        )

    def __contains__(self, status: int) -> bool:
        return status in self.codes

    def __str__(self) -> str:
        return self._text
