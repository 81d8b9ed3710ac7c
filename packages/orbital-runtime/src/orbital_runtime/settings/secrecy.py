"""Secrets in a configuration: by type, by name, or in addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import BaseModel, SecretBytes, SecretStr

from orbital_sdk.secrecy import in_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orbital_sdk.problems import Loc

MASK: Final = "**********"
_NAMES: Final = re.compile(
    r"passw|passphrase|secret|token|credential|community|private_?key|api_?key|authorization|cookie",
    re.IGNORECASE,
)
_POINTERS: Final = ("_file", "_path", "_name")
_USERINFO: Final = re.compile(r"(://[^/?#@\s:]*):[^/?#@\s]*@")
_WHOLE_QUERY: Final = re.compile(r"((?:://|^/)[^\s?#]*\?)([^\s#]+)")
_VALUE: Final = re.compile(r"((?:^|[&;])(?:[^=&;]*=)?)[^=&;]{4,}")
_QUERY: Final = re.compile(
    rf"([?&;](?:[^=&;\s]*(?:{_NAMES.pattern})[^=&;\s]*)=)[^&;\s]*", re.IGNORECASE
)


def is_secret_key(loc: Loc) -> bool:
    """Whether a value is a secret by the name of its key, if there is no model."""
    if (
        len(loc) > 1 and loc[0] == "secrets"
    ):  # the section is about secrets; its keys are none for that
        loc = loc[1:]
    names = [part for part in loc[-2:] if isinstance(part, str)]
    return any(_NAMES.search(name) and not name.endswith(_POINTERS) for name in names)


def mask_text(text: str) -> str:
    """The text without a password in an address: `https://user:**********@host/?token=**********`."""
    return _QUERY.sub(rf"\g<1>{MASK}", _USERINFO.sub(rf"\g<1>:{MASK}@", text))


def mask_address(text: str) -> str:
    """As `mask_text`, and with all values of a query, since only the server knows what they mean."""
    masked = _WHOLE_QUERY.sub(lambda found: found[1] + _VALUE.sub(rf"\g<1>{MASK}", found[2]), text)
    return mask_text(masked)


def secrets_in(value: object, loc: Loc = ()) -> Iterator[str]:
    """All secrets of a checked value: by type, by name if there is no model, and in addresses. The default
    of a field is not a secret.
    """
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, SecretBytes):
        yield value.get_secret_value().decode(errors="replace")
    elif isinstance(value, str):
        if is_secret_key(loc):
            yield value
        elif "?" in value or "@" in value:
            yield from in_address(value)
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():  # and nothing that was only computed
            child = getattr(value, name)
            if not isinstance(child, int | float) and child != field.default:
                yield from secrets_in(child)
    else:
        for part, child in _children(value):
            yield from secrets_in(child, (part,))


def secret_keys(value: object, loc: Loc = ()) -> Iterator[Loc]:
    """The paths to all secrets of a checked value. An address without user and password is not a secret."""
    if isinstance(value, SecretStr | SecretBytes):
        secret = value.get_secret_value()
        if secret and not (isinstance(secret, str) and _is_open_address(secret)):
            yield loc
        return
    for part, child in _children(value):
        yield from secret_keys(child, (*loc, part))


def _is_open_address(text: str) -> bool:
    return "://" in text and "@" not in text and mask_text(text) == text


def _children(value: object) -> Iterable[tuple[str | int, object]]:
    if isinstance(value, BaseModel):
        return [(_key(value, name), getattr(value, name)) for name in type(value).model_fields]
    if isinstance(value, dict):
        return [(str(k), v) for k, v in cast("dict[Any, Any]", value).items()]
    if isinstance(value, list | tuple):
        return list(enumerate(cast("list[Any]", value)))
    return ()


def _key(model: BaseModel, name: str) -> str:
    """The field's name in the file."""
    alias = type(model).model_fields[name].validation_alias
    return alias if isinstance(alias, str) else name
