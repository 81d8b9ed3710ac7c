"""The fields of a device as text, for labels."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel

from orbital_runtime.settings.secrecy import is_secret_key
from orbital_sdk.address import public_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NO_TEXTS: Final[Mapping[str, str]] = MappingProxyType({})
"""Where nobody asks for them."""


def device_texts(device: BaseModel) -> Mapping[str, str]:
    """Texts and numbers by dotted name, such as `host` and `serial.baudrate`.

    Secrets, by type or by name, are left out, and so is what an address has beside the place: labels go
    everywhere.
    """
    return {".".join(loc): text for loc, text in _texts(device, ()) if not is_secret_key(loc)}


def _texts(model: BaseModel, loc: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, bool):
            yield (*loc, name), str(value).lower()
        elif isinstance(value, str | int | float):
            yield (*loc, name), _public(str(value))
        elif isinstance(value, BaseModel):
            yield from _texts(value, (*loc, name))


def _public(text: str) -> str:
    try:
        return public_address(text) if "://" in text else text
    except ValueError:  # no address after all; who knows what
        return ""
