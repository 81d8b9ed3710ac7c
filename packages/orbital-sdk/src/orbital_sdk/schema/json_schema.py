"""JSON Schema of a model: bounds in the standard's words, defaults as users write them, no secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from orbital_sdk.units import format_bytes, format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel

Schema = dict[str, Any]

_BOUNDS: Final = {
    "ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum",
}  # fmt: skip
_INSIDE: Final = ("items", "prefixItems", "additionalProperties", "anyOf", "oneOf", "allOf")
_NAMED: Final = ("properties", "patternProperties", "$defs")


def json_schema(model: type[BaseModel], *, definitions: str = "#/$defs/") -> Schema:
    """The model's JSON Schema (2020-12); what is or holds a secret has neither default nor example.

    Args:
        model: Fields or settings.
        definitions: What references begin with, for those who put `$defs` into a schema of their own.
    """
    schema = model.model_json_schema()
    known = schema.get("$defs", {})
    for node in walk(schema):
        if is_secret(node, known):
            _hide(node)
        _translate(node)
    for node in walk(schema):
        if "$ref" in node:
            node["$ref"] = definitions + _name(node)
    return schema


def _name(node: Schema) -> str:
    return str(node.get("$ref", "")).rpartition("/")[2]


def walk(node: object) -> Iterator[Schema]:
    """This schema and all in it; what a reference points to comes once, under `$defs`."""
    if isinstance(node, list):
        for part in cast("list[object]", node):
            yield from walk(part)
    elif isinstance(node, dict):
        schema = cast("Schema", node)
        yield schema
        for key in _INSIDE:
            yield from walk(schema.get(key))
        for key in _NAMED:
            for part in schema.get(key, {}).values():
                yield from walk(part)


def is_secret(
    node: Schema, definitions: Mapping[str, Schema], seen: frozenset[str] = frozenset()
) -> bool:
    """Whether a value of this schema is a secret, or has one somewhere in it."""
    for part in walk({key: value for key, value in node.items() if key != "$defs"}):
        if part.get("writeOnly") or part.get("format") == "password":
            return True
        name = _name(part)
        if name and name not in seen and is_secret(definitions[name], definitions, seen | {name}):
            return True
    return False


def _hide(node: Schema) -> None:
    node.pop("examples", None)
    if node.get("default"):
        del node["default"]


def _translate(node: Schema) -> None:
    """Pydantic leaves its own words for bounds on types of ours, and numbers where we write `30s`, `1MiB`."""
    for ours, standard in _BOUNDS.items():
        if ours in node and "type" in node:
            node[standard] = node.pop(ours)
    default = node.get("default")
    if node.get("format") == "duration" and isinstance(default, int | float):
        node["default"] = format_duration(default)
    if node.get("format") == "bytes" and isinstance(default, int):
        node["default"] = format_bytes(default)
