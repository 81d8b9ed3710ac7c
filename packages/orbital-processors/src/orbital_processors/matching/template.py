"""Templates of replacements: `$1`, `${1}`, `${name}`, and `$$` for a dollar sign, as Go expands them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orbital_processors.matching.regex import Regex

_REFERENCE: Final = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


class Template:
    """Text with references to the groups of a regex. A group that the regex does not have is empty.

    Args:
        text: The template. A reference is the longest run of letters, digits and `_`: `$1x` is a group
            named `1x`, which is why `${1}x` exists.
        regex: Whose groups it refers to.
    """

    def __init__(self, text: str, regex: Regex) -> None:
        self._parts = [
            part if isinstance(part, str) else _group(part[0], regex) for part in _parts(text)
        ]
        self.constant = all(isinstance(part, str) for part in self._parts)
        """Whether it is the same for each match."""

    def expand(self, groups: Sequence[str]) -> str:
        """The text for a match (`Regex.match`)."""
        return "".join(
            [
                part if isinstance(part, str) else "" if part is None else groups[part]
                for part in self._parts
            ]
        )


def missing_groups(text: str, regex: Regex) -> list[str]:
    """References in a template to groups that the regex does not have."""
    return [
        part[0]
        for part in _parts(text)
        if not isinstance(part, str) and _group(part[0], regex) is None
    ]


def _parts(text: str) -> Iterator[str | tuple[str]]:
    """Text as it is, and the name of each reference in a tuple."""
    end = 0
    for found in _REFERENCE.finditer(text):
        yield text[end : found.start()]
        yield "$" if found[1] else (found[2] or found[3],)
        end = found.end()
    yield text[end:]


def _group(name: str, regex: Regex) -> int | None:
    if _NUMBER.fullmatch(name):
        return int(name) if int(name) <= regex.groups else None
    return regex.names.get(name)
