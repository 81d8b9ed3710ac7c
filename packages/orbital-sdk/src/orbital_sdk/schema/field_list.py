"""The list form of a model, as a `plugin.yaml` has it: one flat entry a field, for forms and tables.

Types: `string`, `int`, `float`, `bool`, `password`, `duration`, `size`, `list`, `map`, and `any` where
several are allowed.

Keys of an entry: `name`, `type` and `required` always; `default`, `description`, `validation` (a regular
expression), `min`, `max`, `min_length`, `max_length`, `choices`, `placeholder`, `items` (type of a list's
items) and `fields` (entries of what is inside) where there is something to say. Only the schema says whether
a bound of a `float` or `duration` is itself allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orbital_sdk.schema.json_schema import Schema

Entry = dict[str, Any]

_FORMATS: Final = {"password": "password", "duration": "duration", "bytes": "size"}
_TYPES: Final = {
    "string": "string", "integer": "int", "number": "float", "boolean": "bool", "array": "list",
    "object": "map",
}  # fmt: skip
_WORDS: Final = {
    "description": "description", "pattern": "validation", "enum": "choices",
    "exclusiveMinimum": "min", "minimum": "min", "exclusiveMaximum": "max", "maximum": "max",
    "minLength": "min_length", "maxLength": "max_length",
    "minItems": "min_length", "maxItems": "max_length",
}  # fmt: skip


def field_list(schema: Schema) -> list[Entry]:
    """The entries of all fields of a schema that `json_schema` made."""
    return list(_entries(schema, schema.get("$defs", {}), frozenset()))


def _entries(
    schema: Schema, definitions: Mapping[str, Schema], above: frozenset[str]
) -> Iterator[Entry]:
    required = schema.get("required", ())
    for name, node in schema.get("properties", {}).items():
        flat = _flat(node, definitions)
        entry = {"name": name, "type": _type(flat), "required": name in required, **_details(flat)}
        inner = _flat(flat["items"], definitions) if "items" in flat else flat
        if inner is not flat:
            entry["items"] = _type(inner)
        title = str(inner.get("title", ""))
        if "properties" in inner and title not in above:  # a model may hold its own kind
            entry["fields"] = list(_entries(inner, definitions, above | {title}))
        yield entry


def _flat(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """The node with its reference followed and `or null` taken away; its own words win."""
    own = {key: value for key, value in node.items() if key not in ("$ref", "anyOf")}
    if "$ref" in node:
        return {**definitions[node["$ref"].rpartition("/")[2]], **own}
    choices = [_flat(c, definitions) for c in node.get("anyOf", ()) if c.get("type") != "null"]
    if len(choices) == 1:
        return {**choices[0], **own}
    numbers = bool(choices) and {_type(choice) for choice in choices} <= {"int", "float"}
    return {**own, "type": "number"} if numbers else own


def _type(flat: Schema) -> str:
    if str(flat.get("format")) in _FORMATS:
        return _FORMATS[flat["format"]]
    kind = flat.get("type")
    return _TYPES.get(kind, "any") if isinstance(kind, str) else "any"


def _details(flat: Schema) -> Entry:
    details = {ours: flat[theirs] for theirs, ours in _WORDS.items() if theirs in flat}
    if flat.get("type") == "integer":
        for bound, inward in (("exclusiveMinimum", 1), ("exclusiveMaximum", -1)):
            if bound in flat:
                details[_WORDS[bound]] = flat[bound] + inward
    if "const" in flat:
        details["choices"] = [flat["const"]]
    if flat.get("default") is not None:
        details["default"] = flat["default"]
    if flat.get("examples"):
        details["placeholder"] = flat["examples"][0]
    return details
