"""Selectors: which series a processor is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from orbital_processors.matching.pattern import Patterns, any_of, as_tuple
from orbital_sdk import Fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from orbital_sdk import Row


class Selector(Fields):
    """Series by name and labels; everything that is given has to match. A pattern is a glob (`if*`), or
    `=text`, `!=text`, `=~regex`, `!~regex`.
    """

    metric: Patterns = Field(default=(), examples=["node_*"])
    """Pattern of the metric's name, or a list of which one has to match; all metrics if left out."""
    labels: dict[str, Patterns] = Field(default={}, examples=[{"device": "eth*"}])
    """Pattern, or list of patterns, of the value of each of these labels; a label that a series does not
    have is
    empty."""


def selects(selector: Selector) -> Callable[[Row], bool]:
    """A test for rows."""
    names = as_tuple(selector.metric)
    name = any_of(names) if names else None
    labels = [(label, any_of(as_tuple(given))) for label, given in selector.labels.items()]

    def test(row: Row) -> bool:
        if name is not None and not name(row.name):
            return False
        if not labels:
            return True
        own = dict(row.labels)
        return all(match(own.get(label, "")) for label, match in labels)

    return test


def names(selectors: Iterable[Selector]) -> list[str]:
    """The names of metrics that these select whatever labels they have, as globs."""
    patterns = [
        name for one in selectors if not one.labels for name in as_tuple(one.metric) or ("*",)
    ]
    return [name.removeprefix("=") for name in patterns if not name.startswith(("!", "=~"))]


def selects_any(selectors: Sequence[Selector]) -> Callable[[Row], bool]:
    """A test whether one of these selects a row; without selectors all do."""
    tests = [selects(selector) for selector in selectors]
    return lambda row: not tests or any(test(row) for test in tests)
