"""Settings as dictionary keys: equal settings give equal keys, secrets compared and never shown."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, cast

from pydantic import BaseModel


def freeze(value: object) -> Hashable:
    """A hashable stand-in for a frozen model and all in it."""
    if isinstance(value, BaseModel):
        pairs = [*value.__dict__.items(), *(value.model_extra or {}).items()]
        return type(value), tuple((name, freeze(part)) for name, part in pairs)
    if isinstance(value, dict):
        mapping = cast("dict[Any, object]", value)
        return frozenset((freeze(key), freeze(part)) for key, part in mapping.items())
    if isinstance(value, list | tuple):
        return tuple(freeze(part) for part in cast("list[object]", value))
    if isinstance(value, set | frozenset):
        return frozenset(freeze(part) for part in cast("set[object]", value))
    return value if isinstance(value, Hashable) else repr(value)
