"""Regular expressions as Prometheus has them: RE2 syntax, anchored, in linear time."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, cast

import re2  # pyright: ignore[reportMissingTypeStubs] (it has none)

_re2: Final = cast("Any", re2)
LONGEST: Final = 10_000
"""Characters of an expression."""
MEMORY: Final = 1 << 20
"""Bytes that a compiled expression may take."""
CACHED: Final = 4096
"""Texts whose match each expression remembers: the values of labels repeat from layout to layout."""


class Regex:
    """An expression that has to match a whole text. `.` matches line breaks, too, as in Prometheus 3.

    Args:
        text: In RE2 syntax (https://github.com/google/re2/wiki/Syntax): no look-around, no back-references.

    Raises:
        ValueError: It is no such expression, or too large.
    """

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise ValueError(f"the regex has {len(text)} characters; {LONGEST} are allowed")
        options = _re2.Options()
        options.log_errors, options.max_mem = False, MEMORY
        try:
            self._compiled = _re2.compile(f"^(?s:{text})$", options)
        except (_re2.error, UnicodeEncodeError) as error:
            raise ValueError(f"{text!r} is not a regex in RE2 syntax: {_words(error)}") from None
        self.groups: int = self._compiled.groups
        """Number of capturing groups."""
        self.names: dict[str, int] = self._compiled.groupindex
        """Number of each named group."""
        self.match = lru_cache(CACHED)(self._match)
        """The text and its groups, empty where one took no part; None if the expression does not match."""

    def __call__(self, text: str) -> bool:
        """Whether it matches."""
        return self.match(text) is not None

    def _match(self, text: str) -> tuple[str, ...] | None:
        try:
            found = self._compiled.search(text)
        except UnicodeEncodeError:  # half a surrogate pair: no destination takes such a text
            return None
        return None if found is None else (found[0], *found.groups(default=""))


def _words(error: Exception) -> str:
    text = error.args[0]
    return text.decode(errors="replace") if isinstance(text, bytes) else str(error)
