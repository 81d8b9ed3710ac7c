"""What keys a model accepts, and where in it a way leads: for hints, and for dealing out flat maps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from orbital_sdk.problems.problem import Loc


@lru_cache(maxsize=256)  # asked for each of thousands of tasks
def accepted(model: type[BaseModel]) -> frozenset[str]:
    """Every key that the model takes in a file, aliases included."""
    by_name = bool(model.model_config.get("populate_by_name"))
    return frozenset(
        key for name, field in model.model_fields.items() for key in _keys(name, field, by_name)
    )


def _keys(name: str, field: FieldInfo, by_name: bool) -> list[str]:  # noqa: FBT001 (a private step)
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        aliases = [choice for choice in alias.choices if isinstance(choice, str)]
    else:
        aliases = [alias] if isinstance(alias, str) else []
    return [*aliases, name] if by_name or not aliases else aliases


def takes_any(model: type[BaseModel]) -> bool:
    """Whether the model keeps keys that it does not declare."""
    return model.model_config.get("extra") == "allow"


def models_at(model: type[BaseModel], loc: Loc) -> list[type[BaseModel]]:
    """The models that may stand at the end of this way."""
    return [kind for kind in _kinds_at(model, loc) if _is_model(kind)]


def field_at(model: type[BaseModel], loc: Loc) -> FieldInfo | None:
    """The field at the end of this way, if it is one."""
    for parent in models_at(model, loc[:-1]) if loc else ():
        for name, field in parent.model_fields.items():
            if loc[-1] in (name, field.validation_alias):
                return field
    return None


def _kinds_at(model: type[BaseModel], loc: Loc) -> list[Any]:
    """A part that leads nowhere names the branch of a union: pydantic puts it into the way."""
    kinds: list[Any] = [model]
    for part in loc:
        below = [k for kind in kinds for a in _step(kind, part) for k in _inner(a)]
        kinds = below or [kind for kind in kinds if getattr(kind, "__name__", "") == part] or kinds
    return kinds


def _inner(annotation: Any) -> Iterator[Any]:
    """Unions and Annotated taken apart."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _inner(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for argument in get_args(annotation):
            yield from _inner(argument)
    else:
        yield annotation


def _step(kind: Any, part: str | int) -> Iterator[Any]:
    if _is_model(kind):
        for name, field in kind.model_fields.items():
            if part in (name, field.validation_alias):
                yield field.annotation
        return
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(origin, type) and arguments:
        if issubclass(origin, Mapping):
            yield arguments[1]
        elif isinstance(part, int):
            yield arguments[0]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
