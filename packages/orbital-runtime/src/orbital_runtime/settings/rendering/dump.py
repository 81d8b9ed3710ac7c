"""The effective configuration as text, without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import yaml
from pydantic_core import to_jsonable_python

from orbital_runtime.settings.rendering.effective import effective
from orbital_runtime.settings.secrecy import mask_address

if TYPE_CHECKING:
    from orbital_runtime.settings.load import Loaded


def shown(loaded: Loaded) -> dict[str, Any]:
    """JSON types, with secrets, also those in addresses, as `**********`."""
    return cast("dict[str, Any]", masked(effective(loaded)))


def dump(loaded: Loaded) -> str:
    """The same as YAML."""
    text: str = yaml.safe_dump(shown(loaded), sort_keys=False, allow_unicode=True, width=100)
    return text


def masked(value: object) -> object:
    """Any value as JSON types, with masked secrets."""
    return _texts(to_jsonable_python(value, fallback=str))


def _texts(value: object) -> object:
    if isinstance(value, dict):
        return {key: _texts(child) for key, child in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_texts(child) for child in cast("list[object]", value)]
    return mask_address(value) if isinstance(value, str) else value
