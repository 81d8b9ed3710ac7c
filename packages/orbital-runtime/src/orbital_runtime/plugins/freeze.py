"""Settings as dictionary keys. Equal settings give equal keys; secrets are compared, never shown."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, cast

from pydantic import BaseModel


def freeze(value: object) -> Hashable:
    """A hashable key for a frozen model and everything nested in it.

    Values derived from fields (`cached_property`) are left out, as in a comparison of models.
    """
    if isinstance(value, BaseModel):
        fields = [(name, value.__dict__.get(name)) for name in type(value).model_fields]
        rest = {**(value.model_extra or {}), **(value.__pydantic_private__ or {})}
        pairs = [*fields, *rest.items()]
        return type(value), tuple((name, freeze(part)) for name, part in pairs)
    if isinstance(value, dict):
        mapping = cast("dict[Any, object]", value)
        return frozenset((freeze(key), freeze(part)) for key, part in mapping.items())
    if isinstance(value, list | tuple):
        return tuple(freeze(part) for part in cast("list[object]", value))
    if isinstance(value, set | frozenset):
        return frozenset(freeze(part) for part in cast("set[object]", value))
    return value if isinstance(value, Hashable) else repr(value)
