"""`${NAME}` and `${NAME:-default}` in values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFERENCE: Final = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_INSIDE: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_HOW: Final = "write ${NAME} or ${NAME:-default}, and $${ for a literal ${"


@dataclass(slots=True)
class Expanded:
    """A value with its references replaced."""

    text: str = ""
    literal: bool = True
    """Whether nothing of it is from the environment."""
    problems: list[str] = field(default_factory=list[str])


def expand(text: str, environ: Mapping[str, str]) -> Expanded:
    """Replace `${NAME}` and `${NAME:-default}`; `$${` is a literal `${`.

    As in a shell, the default is also used if the variable is empty.
    """
    result = Expanded(text)
    if "${" in text:
        result.text = _REFERENCE.sub(lambda match: _value(match, environ, result), text)
    return result


def _value(match: re.Match[str], environ: Mapping[str, str], result: Expanded) -> str:
    if match[0] == "$${":
        return "${"
    inside = _INSIDE.fullmatch(match[1] or "")
    if inside is None:
        result.problems.append(f"{match[0]} is not a reference; {_HOW}")
        return ""
    name, default = inside[1], inside[2]
    value = environ.get(name)
    if value or (value is not None and default is None):
        result.literal = False
        return value
    if default is None:
        result.problems.append(
            f"environment variable {name} is not set; set it, or write ${{{name}:-default}}"
        )
    return default or ""
