"""`${NAME}`, `${NAME:-default}` and `${PROVIDER:NAME}` in values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from orbital_runtime.secrets.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_sdk import ConfigurationError

    Found = Mapping[Reference, SecretStr | ConfigurationError]

_REFERENCE: Final = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_VARIABLE: Final = re.compile(r"(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_SECRET: Final = re.compile(r"([a-z][a-z0-9_-]*):([^-].*)", re.DOTALL)
_HOW: Final = "write ${NAME}, ${NAME:-default} or ${secret:NAME}, and $${ for a literal ${"
_NONE: Final[Found] = MappingProxyType({})


@dataclass(slots=True)
class Expanded:
    """A value with its references replaced."""

    text: str = ""
    literal: bool = True
    """Whether nothing of it is from the environment or a provider."""
    problems: list[str] = field(default_factory=list[str])


def secrets_of(text: str) -> tuple[Reference, ...]:
    """What providers have to be asked for this value."""
    inside = (match[1] or "" for match in _REFERENCE.finditer(text))
    return tuple(filter(None, map(_secret, inside)))


def expand(text: str, environ: Mapping[str, str], found: Found = _NONE) -> Expanded:
    """Replace all references; `$${` is a literal `${`.

    As in a shell, the default is also used if the variable is empty.

    Args:
        text: As it stands in the file.
        environ: For `${NAME}`.
        found: The answers of providers to `secrets_of(text)`.
    """
    result = Expanded(text)
    if "${" in text:
        result.text = _REFERENCE.sub(lambda match: _value(match, environ, found, result), text)
    return result


def _value(match: re.Match[str], environ: Mapping[str, str], found: Found, result: Expanded) -> str:
    if match[0] == "$${":
        return "${"
    if reference := _secret(match[1] or ""):
        return _given(reference, found[reference], result)
    inside = _VARIABLE.fullmatch(match[1] or "")
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


def _secret(inside: str) -> Reference | None:
    """The reference to a provider that stands between the braces."""
    match = None if _VARIABLE.fullmatch(inside) else _SECRET.fullmatch(inside)
    return Reference(match[1], match[2]) if match else None


def _given(reference: Reference, answer: SecretStr | ConfigurationError, result: Expanded) -> str:
    result.literal = False
    if isinstance(answer, SecretStr):
        return answer.get_secret_value()
    result.problems.append(f"{reference}: {answer}")
    return ""
