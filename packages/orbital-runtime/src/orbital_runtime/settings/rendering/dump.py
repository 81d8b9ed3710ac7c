"""The effective configuration as text, without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import yaml
from pydantic_core import to_jsonable_python

from orbital_runtime.settings.rendering.effective import effective
from orbital_runtime.settings.secrecy import mask_address
from orbital_sdk.secrecy import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_runtime.settings.load import Loaded


def shown(loaded: Loaded) -> dict[str, Any]:
    """JSON types, with secrets, also those in addresses, as `**********`. What providers of secrets gave is
    hidden wherever it stands.
    """
    given = Secrets()
    given.hold("providers", loaded.secrets.texts())
    return cast("dict[str, Any]", masked(effective(loaded), given.scrub))


def dump(loaded: Loaded, scrub: Callable[[str], str] = str) -> str:
    """The same as YAML. `scrub` hides further secrets, which YAML quotes and folds."""
    data = masked(shown(loaded), scrub)
    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)
    return text


def masked(value: object, scrub: Callable[[str], str] = str) -> object:
    """Any value as JSON types, with masked secrets.

    Args:
        value: May have `SecretStr` in it.
        scrub: Hides further secrets in a text.
    """
    return _texts(to_jsonable_python(value, fallback=str), scrub)


def _texts(value: object, scrub: Callable[[str], str]) -> object:
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value).items()
        return {key: _texts(child, scrub) for key, child in pairs}
    if isinstance(value, list):
        return [_texts(child, scrub) for child in cast("list[object]", value)]
    return mask_address(scrub(value)) if isinstance(value, str) else value
