"""Models of device fields and settings, made of a manifest. Secrets stay secrets.

They check what the list of fields says. What only the plugin's own model can say, its process says when it
gets the fields.
"""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar, cast

from msgspec import UNSET
from pydantic import AfterValidator, BaseModel, Field, SecretStr, create_model
from pydantic_core import SchemaError

from orbital_sdk import ByteSize, ConfigurationError, DeviceFields, Fields, PluginConfig
from orbital_sdk.schema.json_schema import is_secret
from orbital_sdk.units import Duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orbital_sdk.wire.manifests import Field as Entry
    from orbital_sdk.wire.manifests import Manifest

F = TypeVar("F", bound=Fields)

_TYPES: Final[dict[str, Any]] = {
    "string": str, "int": int, "float": float, "bool": bool, "password": SecretStr, "duration": Duration,
    "size": ByteSize, "list": list[Any], "map": dict[str, Any], "any": Any,
}  # fmt: skip
_BOUNDS: Final = {"min": "ge", "max": "le", "min_length": "min_length", "max_length": "max_length"}
_BOUNDED: Final = {
    "string": ("min_length", "max_length"), "password": ("min_length", "max_length"),
    "list": ("min_length", "max_length"), "int": ("min", "max"), "float": ("min", "max"),
    "duration": ("min", "max"), "size": ("min", "max"),
}  # fmt: skip
"""Bounds that a type may have."""


def device_model(manifest: Manifest) -> type[DeviceFields]:
    """The model of a device; raises as `config_model` does."""
    fields = () if manifest.device_fields is UNSET else manifest.device_fields
    schema = {} if manifest.device_schema is UNSET else manifest.device_schema
    return _made(DeviceFields, "Device", fields, schema)


def config_model(manifest: Manifest) -> type[PluginConfig]:
    """The model of the settings.

    Raises:
        ConfigurationError: The manifest says what no model can be made of.
    """
    return _made(PluginConfig, "Config", manifest.config_fields, manifest.config_schema)


def _made(base: type[F], name: str, fields: Iterable[Entry], schema: Mapping[str, Any]) -> type[F]:
    open_ended = schema.get("additionalProperties", False) is not False
    try:
        model = _model(base, name, fields, schema, schema.get("$defs", {}))
        if open_ended:
            model.model_config["extra"] = "allow"
            model.model_rebuild(force=True)
    except (SchemaError, TypeError, ValueError, KeyError) as error:
        raise ConfigurationError(
            f"its manifest has fields that cannot be used: {type(error).__name__}: {error}"
        ) from error
    return model


def _model(
    base: type[F],
    name: str,
    fields: Iterable[Entry],
    schema: Mapping[str, Any],
    known: Mapping[str, Any],
) -> type[F]:
    properties: Mapping[str, Any] = schema.get("properties", {})
    made: dict[str, Any] = {
        _attribute(one.name): _field(one, properties.get(one.name, {}), known) for one in fields
    }
    return create_model(name, __base__=base, **made)


def _attribute(name: str) -> str:
    """The name of a field in the model; its alias is what users write."""
    usable = name.isidentifier() and not name.startswith("_") and not keyword.iskeyword(name)
    return name if usable and not hasattr(BaseModel, name) else f"field_{name}"


def _field(one: Entry, schema: Mapping[str, Any], known: Mapping[str, Any]) -> tuple[Any, Any]:
    about: dict[str, Any] = {
        "description": None if one.description is UNSET else one.description,
    }
    if _attribute(one.name) != one.name:
        about["alias"] = one.name
    kind = _kind(one, schema, known)
    if one.required:
        return kind, Field(**about)
    if one.default is UNSET or one.default is None:
        return kind | None, Field(default=None, **about)
    return kind, Field(default=one.default, **about)


def _kind(one: Entry, schema: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    if one.fields is not UNSET:
        inner = _model(Fields, one.name, one.fields, _inside(schema, known), known)
        return list[inner] if one.type == "list" else inner
    if one.choices is not UNSET and all(isinstance(c, str | int | bool) for c in one.choices):
        return Literal[tuple(one.choices)]
    kind = _TYPES[one.type]
    if one.type == "list" and one.items is not UNSET:
        kind = list[_TYPES.get(one.items, Any)]
    bounds = {
        _BOUNDS[bound]: value
        for bound in _BOUNDED.get(one.type, ())
        if (value := getattr(one, bound)) is not UNSET
    }
    if one.type == "string" and one.validation is not UNSET:
        bounds["pattern"] = one.validation
    if one.type in ("any", "map", "list") and is_secret(dict(schema), known):
        return Annotated[
            kind, AfterValidator(_hidden), Field(json_schema_extra={"writeOnly": True})
        ]
    return Annotated[kind, Field(**bounds)] if bounds else kind


def _inside(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of what is inside of a field: behind references, `or null`, and of a list's items."""
    for key in ("anyOf", "items"):
        below = schema.get(key)
        if isinstance(below, list):
            parts = cast("list[dict[str, Any]]", below)
            nothing: dict[str, Any] = {}
            return _inside(next((p for p in parts if p.get("type") != "null"), nothing), known)
        if isinstance(below, dict):
            return _inside(cast("dict[str, Any]", below), known)
    if "$ref" in schema:
        return _inside(known.get(str(schema["$ref"]).rpartition("/")[2], {}), known)
    return schema


def _hidden(value: Any) -> Any:
    """Every text in it as a secret: one of them is, and no type says which."""
    match value:
        case str():
            return SecretStr(value)
        case dict():
            return {key: _hidden(one) for key, one in cast("dict[Any, Any]", value).items()}
        case list():
            return [_hidden(one) for one in cast("list[Any]", value)]
        case _:
            return value
