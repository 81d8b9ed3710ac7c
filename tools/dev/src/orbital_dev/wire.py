"""The page of all messages that cross a process border, derived from their classes."""

from __future__ import annotations

import ast
import inspect
import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast, get_args

from orbital_sdk.wire import CONTRACT, answers, batches, calls, errors, manifests, records
from orbital_sdk.wire.schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import msgspec

    Schema = Mapping[str, Any]
    Table = Any

ABOUT = """# What crosses a process border

Contract {contract}. [The contract](../contract.md) says who sends what when; this page has every message and
every field, and [contract-1.json](../../packages/orbital-sdk/tests/wire/contract-1.json) the same as JSON
Schema, with the bytes of an example of each. Each message is a map with its `type`; a field that has its
default may be left out, and one that is not known is passed over. Integers are 0 to 2^53 - 1 where nothing
else is said, and numbers are seconds.
"""
PARTS = {
    "Records": (records.Table, records.Samples, records.Metric, records.Series),
    "Batches": (batches.Layout, batches.Batch, batches.Origin, batches.Identity, batches.Row),
    "Errors": (errors.Error,),
    "Offers": (answers.Offer, manifests.Manifest, manifests.Field, manifests.Described),
    "Other parts": (answers.Refused, answers.Family),
}


def page(table: Table) -> str:
    """The whole page.

    Args:
        table: Makes the lines of a table of a head and rows.
    """
    schemas: Schema = json_schema()["$defs"]
    sections = {
        "Said by the agent": get_args(calls.FromAgent),
        "Said by the program": get_args(answers.FromProgram),
        **PARTS,
    }
    lines = [ABOUT.format(contract=CONTRACT)]
    for title, classes in sections.items():
        lines += [f"## {title}", ""]
        for cls in classes:
            lines += [*_form(cls, schemas[cls.__name__], table), ""]
    return "\n".join(lines)


def _form(cls: type[msgspec.Struct], schema: Schema, table: Table) -> Iterator[str]:
    config = cls.__struct_config__
    tag = f"{config.tag_field}: {config.tag}" if config.tag else ""
    yield from (
        f"### {f'`{tag}`' if tag else cls.__name__}",
        "",
        inspect.cleandoc(cls.__doc__ or ""),
        "",
    )
    words = dict(docstrings(cls))
    kinds = _kinds(schema)
    rows = [
        (f"`{name}`", _type(kind), _default(name, kind, schema), words.get(name, ""))
        for name, kind in zip(cls.__struct_encode_fields__, kinds, strict=True)
    ]
    yield from table(("field", "type", "default", "meaning"), rows)


def _kinds(schema: Schema) -> list[Schema]:
    """Of each field, its tag left out."""
    if schema["type"] == "array":
        return schema["prefixItems"]
    return [kind for name, kind in schema["properties"].items() if not _is_tag(name, kind)]


def _is_tag(name: str, kind: Schema) -> bool:
    return name in {"type", "kind"} and len(kind.get("enum", ())) == 1


def docstrings(cls: type) -> Iterator[tuple[str, str]]:
    """The words below each field that has some, as they stand in the source."""
    body = cast("ast.ClassDef", ast.parse(inspect.getsource(cls)).body[0]).body
    for field, words in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(words, ast.Expr):
            yield ast.unparse(field.target), inspect.cleandoc(ast.literal_eval(words.value))


def _default(name: str, kind: Schema, schema: Schema) -> str:
    if "default" in kind:
        return f"`{json.dumps(kind['default'])}`"
    return "required" if schema["type"] == "array" or name in schema["required"] else ""


def _type(kind: Schema) -> str:
    """A schema in few words."""
    match kind:
        case {"$ref": str(reference)}:
            return reference.rpartition("/")[2]
        case {"anyOf": [*choices]}:
            return " or ".join(map(_type, choices))
        case {"type": "array", "prefixItems": [*parts]}:
            return f"array of ({'; '.join(map(_type, parts))})"
        case {"type": "array"}:
            return f"list of {_type(kind.get('items', {}))}"
        case {"type": "object", "additionalProperties": values}:
            return f"map of {_type(values)}"
        case _:
            return _simple(kind)


def _simple(kind: Schema) -> str:
    match kind:
        case {"enum": [*words]}:
            return ", ".join(f"`{word}`" for word in words)
        case {"contentEncoding": _}:
            return "bytes"
        case {"type": "string", "maxLength": int(most)}:
            return f"text, up to {most:,}"
        case {"type": "integer", "exclusiveMaximum": int(end)}:
            return f"integer, 0 to {end - 1:,}"
        case _:
            word = str(kind.get("type", "anything"))
            return {"object": "map", "string": "text"}.get(word, word)
