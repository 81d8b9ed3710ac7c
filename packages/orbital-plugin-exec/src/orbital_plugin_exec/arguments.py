"""The fields of a described plugin, as its program gets them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, cast, get_args

from pydantic import BaseModel, SecretStr

from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PREFIX: Final = "ORBITAL_"
"""Of the variables."""
PLACEHOLDER: Final = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)\}")
"""The name of a field in an argument. Other braces stay as they are."""


def values(*models: BaseModel) -> dict[str, Any]:
    """The fields that have a value, by name."""
    return {
        name: value
        for model in models
        for name in type(model).model_fields
        if (value := getattr(model, name)) is not None
    }


def variables(fields: Mapping[str, Any]) -> dict[str, SecretStr]:
    """As environment variables: `ORBITAL_HOST`; lists and maps as JSON."""
    return {f"{PREFIX}{name.upper()}": SecretStr(_text(value)) for name, value in fields.items()}


def filled(command: Sequence[str], fields: Mapping[str, Any]) -> tuple[str, ...]:
    """The command with values in place of `{field}`.

    Raises:
        ConfigurationError: A value that the program could take for an option.
    """

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name not in fields:
            return match[0]
        text = _text(fields[name])
        if not match.start() and text.startswith("-"):
            raise ConfigurationError(
                f"{name} begins with a hyphen: the program could take it for an option", field=name
            )
        return text

    return tuple(PLACEHOLDER.sub(fill, argument) for argument in command)


def check(command: Sequence[str], *models: type[BaseModel]) -> None:
    """Refuse secrets in arguments, which all users of the machine can see.

    Raises:
        ConfigurationError: There is one.
    """
    secret = {
        name
        for model in models
        for name, info in model.model_fields.items()
        if _is_secret(info.annotation)
    }
    for number, argument in enumerate(command):
        for name in PLACEHOLDER.findall(argument):
            if name in secret:
                raise ConfigurationError(
                    f"{name} is a secret, and arguments are visible to all users of the machine;"
                    f" the program finds it in the variable {PREFIX}{name.upper()}",
                    field=f"exec.command[{number}]",
                )


def _is_secret(kind: Any) -> bool:
    """Whether there is one in it, however deep."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return any(_is_secret(one.annotation) for one in kind.model_fields.values())
    return kind is SecretStr or any(map(_is_secret, get_args(kind)))


def _text(value: object) -> str:
    plain = _plain(value)
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return plain if isinstance(plain, str) else json.dumps(plain)


def _plain(value: object) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        return {name: _plain(one) for name, one in values(value).items()}
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in cast("dict[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in cast("list[object]", value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
