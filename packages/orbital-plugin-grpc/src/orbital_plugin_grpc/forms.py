"""The messages of plugin.proto, derived from the classes of `orbital_sdk.wire`: one source for both wires."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, get_args

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto
from msgspec import inspect

from orbital_plugin_grpc.fields import Field, Value, derived
from orbital_sdk.wire import answers, calls, records

if TYPE_CHECKING:
    from collections.abc import Mapping

CALL: Final = "Call"
ANSWER: Final = "Answer"
RECORD: Final = "Record"
WRITERS: Final = {calls.Write, calls.Connect, answers.Written, answers.NotWritten}
"""Messages of writers: no program of this wire has any. Their numbers are kept for them."""
LABELLED: Final = ("labels", "value")
"""Fields of the one tuple that is a message: a value of an own metric."""


@dataclass(eq=False)
class Form:
    """One message.

    Args:
        name: In plugin.proto.
        about: The class that it is derived from, if it is one.
        choice: Name of its `oneof`, whose fields are all that it has; empty where it has none.
    """

    name: str
    about: Any = None
    choice: str = ""
    fields: list[Field] = field(default_factory=list[Field])
    kept: list[int] = field(default_factory=list[int])
    """Numbers that no field has yet."""

    def dump(self, value: Any) -> dict[str, Any]:
        """What the message's constructor takes."""
        if self.choice:
            one = self._by_name[value.__struct_config__.tag]
            return {one.name: one.value.dump(value)}
        given = [getattr(value, one.name) for one in self.fields] if self.about else value
        pairs = zip(self.fields, given, strict=True)
        return {one.name: one.value.dump(it) for one, it in pairs if one.takes(it)}

    def load(self, message: Any) -> Any:
        """What `msgspec.convert` takes. A choice that is not known is an empty map."""
        if self.choice:
            name = message.WhichOneof(self.choice)
            return self._load(message, self._by_name[name]) | {self.choice: name} if name else {}
        plain = {f.name: self._load(message, f) for f in self.fields if f.is_in(message)}
        return [*plain.values()] if self._is_array else plain

    def _load(self, message: Any, one: Field) -> Any:
        return one.value.load(getattr(message, one.name))

    @cached_property
    def _by_name(self) -> Mapping[str, Field]:
        return {one.name: one for one in self.fields}

    @cached_property
    def _is_array(self) -> bool:
        return self.about is None or self.about.__struct_config__.array_like


class Forms:
    """All messages, by name."""

    def __init__(self) -> None:
        self.by_name: dict[str, Form] = {}
        self._choice(CALL, calls.FromAgent)
        self._choice(ANSWER, answers.FromProgram)

    def _message_for(self, kind: inspect.Type) -> Value:
        match kind:
            case inspect.StructType(cls=cls):
                form = self.by_name.get(cls.__name__) or self._struct(kind)
            case inspect.UnionType():
                form = self.by_name.get(RECORD) or self._choice(RECORD, records.Record)
            case inspect.TupleType(item_types=kinds):
                form = self._tuple(kinds)
            case _:
                raise TypeError(f"{kind} has no form in plugin.proto")
        return Value(Proto.TYPE_MESSAGE, form.dump, form.load, form.name)

    def _struct(self, kind: inspect.StructType) -> Form:
        form = self._add(Form(kind.cls.__name__, kind.cls))
        for number, one in enumerate(kind.fields, 1):
            form.fields.append(derived(one, number, self._message_for))
        return form

    def _choice(self, name: str, union: Any) -> Form:
        """One of these classes, each under the number of its place and the name of its tag."""
        classes = get_args(union)
        form = self._add(Form(name, choice=classes[0].__struct_config__.tag_field))
        for number, cls in enumerate(classes, 1):
            if cls in WRITERS:
                form.kept.append(number)
            else:
                value = self._message_for(inspect.type_info(cls))
                form.fields.append(Field(cls.__struct_config__.tag, number, value))
        return form

    def _tuple(self, kinds: tuple[inspect.Type, ...]) -> Form:
        form = self._add(Form("LabelledValue"))
        for number, (name, kind) in enumerate(zip(LABELLED, kinds, strict=True), 1):
            one = inspect.Field(name, name, kind)
            form.fields.append(derived(one, number, self._message_for))
        return form

    def _add(self, form: Form) -> Form:
        self.by_name[form.name] = form
        return form
