"""Comparisons of values: `> 100`, `== 0`."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

from pydantic import AfterValidator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Judge: TypeAlias = Callable[[float], bool]

_OPERATORS: Final = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_COMPARISON: Final = re.compile(r"\s*(==|!=|>=|<=|>|<)\s*(\S+)\s*")


def compare(text: str) -> Judge:
    """A test for values.

    Args:
        text: An operator and a number: `> 0`, `<= 1e6`, `== +Inf`.

    Raises:
        ValueError: It is not a comparison.
    """
    found = _COMPARISON.fullmatch(text)
    try:
        if found is None or (number := float(found[2])) != number:
            raise ValueError  # noqa: TRY301 (one message for both)
    except ValueError:
        message = f"{text!r} is not a comparison; write one like '> 0', '<= 1e6' or '== 1'"
        raise ValueError(message) from None
    compares = _OPERATORS[found[1]]
    return lambda value: compares(value, number)


def all_of(texts: Sequence[str]) -> Judge:
    """A test whether all these comparisons hold."""
    judges = [compare(text) for text in texts]
    return judges[0] if len(judges) == 1 else lambda value: all(judge(value) for judge in judges)


def _checked(texts: str | tuple[str, ...]) -> str | tuple[str, ...]:
    all_of((texts,) if isinstance(texts, str) else texts)
    return texts


Comparisons = Annotated[str | tuple[str, ...], AfterValidator(_checked)]
"""A comparison or a list of them, all of which have to hold."""
