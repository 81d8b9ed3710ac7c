"""Patterns of texts: globs, and comparisons as in PromQL."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

from pydantic import AfterValidator

from orbital_processors.matching.regex import Regex

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Test: TypeAlias = Callable[[str], bool]

_WILD: Final = re.compile(r"[*?\[]")


def compiled(pattern: str) -> Test:
    """A test for texts.

    Args:
        pattern: A glob (`if*`, `eth?`, `[ab]*`), or `=text`, `!=text`, `=~regex`, `!~regex`.

    Raises:
        ValueError: A regex that is none.
    """
    operator = pattern[:2]
    if operator == "=~":
        return Regex(pattern[2:])
    if operator == "!~":
        matches = Regex(pattern[2:])
        return lambda text: not matches(text)
    if operator == "!=":
        return pattern[2:].__ne__
    if pattern.startswith("="):
        return pattern[1:].__eq__
    if _WILD.search(pattern):
        glob = re.compile(translate(pattern))
        return lambda text: glob.match(text) is not None
    return pattern.__eq__


def any_of(patterns: Sequence[str]) -> Test:
    """A test whether one of these patterns matches."""
    tests = [compiled(pattern) for pattern in patterns]
    return tests[0] if len(tests) == 1 else lambda text: any(test(text) for test in tests)


def as_tuple(patterns: str | tuple[str, ...]) -> tuple[str, ...]:
    """One pattern may stand without a list."""
    return (patterns,) if isinstance(patterns, str) else patterns


def _checked(patterns: str | tuple[str, ...]) -> str | tuple[str, ...]:
    for pattern in as_tuple(patterns):
        compiled(pattern)
    return patterns


Patterns = Annotated[str | tuple[str, ...], AfterValidator(_checked)]
"""A pattern or a list of them, of which one has to match."""
