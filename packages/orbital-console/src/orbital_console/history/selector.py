"""Selects series by name and labels, in the notation of Prometheus."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST: Final = 2000
"""Characters of a selector."""
_SELECTOR: Final = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*(?:\{(.*)\})?", re.DOTALL)
_MATCHER: Final = re.compile(
    r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=|!=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)', re.DOTALL
)


class Selector(NamedTuple):
    """A name, and values that labels have or do not have. A label that is missing has an empty value."""

    name: str
    matchers: tuple[tuple[str, bool, str], ...]
    """Label, whether it has the value, and the value."""

    def __call__(self, name: str, labels: Mapping[str, str]) -> bool:
        """Whether it selects this series."""
        if self.name and name != self.name:
            return False
        return all((labels.get(label, "") == value) is same for label, same, value in self.matchers)


def parse(text: str) -> Selector:
    """A selector such as `name{label="value",other!="value"}`; an empty text selects everything.

    Raises:
        ValueError: It is none. Regular expressions (`=~`) are not supported.
    """
    found = _SELECTOR.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if found is None:
        raise ValueError(f"no selector: {text[:100]!r}")
    matchers: list[tuple[str, bool, str]] = []
    inside, at = found[2] or "", 0
    while inside[at:].strip():
        one = _MATCHER.match(inside, at)
        if one is None:
            raise ValueError(
                f'label="value" or label!="value" is expected at {inside[at:][:100]!r}'
            )
        matchers.append((one[1], one[2] == "=", re.sub(r"\\(.)", _unescaped, one[3])))
        at = one.end()
    return Selector(found[1] or "", tuple(matchers))


def _unescaped(escape: re.Match[str]) -> str:
    return "\n" if escape[1] == "n" else escape[1]
