"""The text of plugin.proto, derived from the classes of its messages as `wire` derives its page."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto

from orbital_dev.wire import docstrings
from orbital_plugin_grpc.schema import FORMS, described

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor_pb2 import DescriptorProto

PATH: Final = "packages/orbital-plugin-grpc/src/orbital_plugin_grpc/plugin.proto"
HEAD: Final = """// Made by `make docs` from orbital_sdk.wire; changes here are lost.
//
// A program with plugins for Orbital Sentinel, in any language. docs/contract.md says who sends what when,
// and docs/plugins-in-other-languages.md how a program is started, with examples.
//
// The rule of compatibility: within orbital.plugin.v1 messages and fields are added, and nothing else. A
// field keeps its number, type and meaning. Unknown fields are passed over; a new message is sent only to an
// end whose `knows` names it. Anything else is orbital.plugin.v2, which a program may serve beside this one.
//
// JSON and words of a fixed choice are strings; both are noted behind the field. All durations are seconds.

syntax = "proto3";

package orbital.plugin.v1;

// One stream for the life of a program. When the agent ends it, the program stops what runs, and exits.
service Plugin {
  rpc Exchange(stream Calls) returns (stream Answers);
}

// What is ready together, in order.
message Calls {
  repeated Call calls = 1;
}

// What is ready together, in order.
message Answers {
  repeated Answer answers = 1;
}
"""
TYPES: Final = {
    Proto.TYPE_BOOL: "bool",
    Proto.TYPE_DOUBLE: "double",
    Proto.TYPE_INT64: "int64",
    Proto.TYPE_SFIXED64: "sfixed64",
    Proto.TYPE_STRING: "string",
}
WORDS: Final = {
    "Call": "One thing that the agent says.",
    "Answer": "One thing that the program says.",
    "Record": "A table, or values for one.",
    "LabelledValue": "A value of an own metric.",
}
"""Of messages that are no class."""


def text() -> str:
    """All of plugin.proto."""
    parts = {message.name: message for message in described().message_type}
    lines = [line for name in FORMS.by_name for line in ("", *_message(parts[name]))]
    return HEAD + "\n".join(lines) + "\n"


def _message(message: DescriptorProto) -> Iterator[str]:
    form = FORMS.by_name[message.name]
    about: Any = form.about
    yield from _comment(WORDS.get(form.name) or about.__doc__)
    yield f"message {message.name} {{"
    if form.kept:
        yield f"  reserved {', '.join(map(str, form.kept))};  // for writers"
    if form.choice:
        yield f"  oneof {form.choice} {{"
        yield from (f"    {_field(field)}" for field in message.field)
        yield "  }"
    else:
        words = dict(docstrings(about)) if about else {}
        for field, one in zip(message.field, form.fields, strict=True):
            yield from _comment(words.get(field.name, ""), "  ")
            yield f"  {_field(field)}{f'  // {one.value.note}' if one.value.note else ''}"
    yield "}"


def _field(field: Proto) -> str:
    kind = field.type_name.rpartition(".")[2] or TYPES[field.type]
    repeated = "repeated " if field.label == Proto.LABEL_REPEATED else ""
    label = "optional " if field.proto3_optional else repeated
    return f"{label}{kind} {field.name} = {field.number};"


def _comment(words: str, indent: str = "") -> Iterator[str]:
    for line in inspect.cleandoc(words).splitlines():
        yield f"{indent}// {line}".rstrip()
