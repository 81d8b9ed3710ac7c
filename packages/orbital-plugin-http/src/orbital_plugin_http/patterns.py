"""Regular expressions that cannot block the event loop: every search has its time."""

from __future__ import annotations

from typing import Annotated, Final, Protocol, cast

import regex  # pyright: ignore[reportMissingTypeStubs] (none are shipped; `Compiled` says what we use)
from pydantic import AfterValidator, BeforeValidator, Field

PATIENCE: Final = 0.1
"""Seconds that one search may take. Well-meant patterns need microseconds; backtracking ones need years."""


class PatternTooSlowError(Exception):
    """A search was given up."""


class Compiled(Protocol):
    """A compiled pattern, as far as it is used here."""

    @property
    def pattern(self) -> str: ...

    def search(self, string: str, *, timeout: float) -> object | None: ...

    def fullmatch(self, string: str, *, timeout: float) -> object | None: ...


def compiled(text: str) -> Compiled:
    """The pattern, ready for use.

    Raises:
        ValueError: It is not a regular expression; the message says where it breaks.
    """
    try:
        return cast("Compiled", regex.compile(text))
    except regex.error as error:
        raise ValueError(f"not a valid regular expression: {error}") from None


def found(pattern: Compiled, text: str, *, whole: bool = False) -> bool:
    """Whether the pattern is in `text`, or fits all of it.

    Raises:
        PatternTooSlowError: After `PATIENCE` seconds it is still not known.
    """
    look = pattern.fullmatch if whole else pattern.search
    try:
        return look(text, timeout=PATIENCE) is not None
    except TimeoutError:
        raise PatternTooSlowError(
            f"the pattern {pattern.pattern!r} needs more than {PATIENCE:g} s for {len(text)}"
            " characters; write it without nested repetitions"
        ) from None


def _checked(text: str) -> str:
    compiled(text)
    return text


def one_or_many(value: object) -> object:
    """One thing may stand for a list of one."""
    return (value,) if isinstance(value, str | int) else value


Pattern = Annotated[str, AfterValidator(_checked), Field(max_length=4000)]
Patterns = Annotated[tuple[Pattern, ...], BeforeValidator(one_or_many), Field(max_length=32)]
