"""A model out of the list form of its fields, as a `plugin.yaml` has it: the inverse of `field_list`."""

from __future__ import annotations

import re
import warnings
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    create_model,
)

from orbital_sdk.errors import ConfigurationError
from orbital_sdk.fields import Fields
from orbital_sdk.hints import did_you_mean
from orbital_sdk.problems.model_keys import accepted
from orbital_sdk.units import ByteSize, Duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic.fields import FieldInfo

    from orbital_sdk.schema.plugin_file import FieldEntry

M = TypeVar("M", bound=Fields)


def _text(value: object) -> object:
    """YAML reads `2` as a number where a text is meant."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


_KINDS: Final[dict[str, Any]] = {
    "string": Annotated[str, BeforeValidator(_text)],
    "int": int,
    "float": float,
    "bool": bool,
    "password": Annotated[SecretStr, BeforeValidator(_text)],
    "duration": Duration,
    "size": ByteSize,
    "list": list[Any],
    "map": dict[str, Any],
    "any": Any,
}


def field_model(
    name: str, entries: Sequence[FieldEntry], base: type[M], *, at: str, known_only: bool = False
) -> type[M]:
    """A model with these fields beside those of `base`.

    A field that `base` has keeps its type there, so that a secret stays one, and gets default, description
    and checks of the entry.

    Args:
        name: Of the class.
        entries: The fields.
        base: What it derives from.
        at: Where the entries stand, for messages.
        known_only: Whether a field that `base` has not is a mistake.

    Raises:
        ConfigurationError: An entry that cannot be; `field` says which.
    """
    made: dict[str, Any] = {}
    for number, entry in enumerate(entries):
        place = f"{at}[{number}]"
        known = _known(base, entry.name)
        if known is None and known_only:
            hint = did_you_mean(entry.name, accepted(base))
            raise ConfigurationError(
                f"there is no field {entry.name!r} here; {hint}", field=f"{place}.name"
            )
        attribute, info = known or (entry.name, None)
        if attribute in made:
            raise ConfigurationError(f"{entry.name!r} appears twice", field=f"{place}.name")
        if info is None and attribute.startswith("model_"):
            raise ConfigurationError("a name may not begin with model_", field=f"{place}.name")
        made[attribute] = _field(entry, info, place)
    with (
        warnings.catch_warnings()
    ):  # a field may be called `schema`, as a method of the base class is
        warnings.simplefilter("ignore")
        return create_model(name, __base__=base, **made)


def _known(base: type[BaseModel], name: str) -> tuple[str, FieldInfo] | None:
    """The field of `base` that takes this key, with its attribute's name."""
    for attribute, info in base.model_fields.items():
        choices: Any = getattr(info.validation_alias, "choices", [info.validation_alias])
        if name == attribute or name in choices:
            return attribute, info
    return None


def _field(entry: FieldEntry, known: FieldInfo | None, place: str) -> tuple[Any, Any]:
    """Annotation and default, as `create_model` takes them."""
    kind: Any = _kind(entry, place)
    words: dict[str, Any] = {"description": entry.description or None}
    if known is not None:
        kind = _annotated(known.annotation, known.metadata)
        words["description"] = entry.description or known.description
        if known.validation_alias is not None:
            words["validation_alias"] = known.validation_alias
    kind = _annotated(kind, _checks(entry))
    words |= _schema_words(entry)
    if entry.default is not None:
        _check_default(kind, entry.default, place)
        return kind, Field(default=entry.default, **words)
    if entry.required:
        return kind, Field(**words)
    if known is None:
        return kind | None, Field(default=None, **words)
    if known.default_factory is not None:
        return kind, Field(default_factory=known.default_factory, **words)
    return kind, Field(default=known.default, **words)


def _annotated(kind: Any, extras: Sequence[Any]) -> Any:
    return Annotated[kind, *extras] if extras else kind


def _schema_words(entry: FieldEntry) -> dict[str, Any]:
    extra: dict[str, Any] = {"pattern": entry.validation} if entry.validation else {}
    if entry.placeholder is not None:
        extra["examples"] = [entry.placeholder]
    return {"json_schema_extra": extra} if extra else {}


def _kind(entry: FieldEntry, place: str) -> Any:
    many: Any = list
    if not entry.fields:
        return many[_KINDS[entry.items]] if entry.items else _KINDS[entry.type]
    inner: Any = field_model(f"{entry.name}_fields", entry.fields, Fields, at=f"{place}.fields")
    return many[inner] if entry.type == "list" else inner


def _checks(entry: FieldEntry) -> list[Any]:
    checks: list[Any] = []
    if entry.type in ("int", "float", "duration", "size"):
        checks.append(Field(ge=entry.min, le=entry.max))
    if entry.min_length is not None or entry.max_length is not None:
        checks.append(Field(min_length=entry.min_length, max_length=entry.max_length))
    if entry.choices:
        checks.append(AfterValidator(partial(_choice, entry.choices)))
    if entry.validation:
        checks.append(AfterValidator(partial(_matches, re.compile(entry.validation))))
    return checks


def _choice(choices: tuple[Any, ...], value: Any) -> Any:
    if value is not None and value not in choices:
        raise ValueError(f"must be one of {', '.join(map(str, choices))}")
    return value


def _matches(pattern: re.Pattern[str], value: Any) -> Any:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if text is not None and not pattern.search(str(text)):
        raise ValueError("is not of the right form")
    return value


def _check_default(kind: Any, default: object, place: str) -> None:
    try:
        TypeAdapter(kind).validate_python(default)
    except ValidationError as error:
        words = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigurationError(
            f"does not fit its field: {words}", field=f"{place}.default"
        ) from error
