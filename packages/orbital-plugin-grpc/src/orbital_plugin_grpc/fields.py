"""Fields of the messages of plugin.proto, derived from `orbital_sdk.wire`, and how their values cross."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import msgspec
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto
from msgspec import UNSET, inspect

from orbital_sdk.wire.columns import as_doubles, as_integers, doubles, integers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Cross = Callable[[Any], Any]

SCALARS: Final[Mapping[type[inspect.Type], Proto.Type.ValueType]] = {
    inspect.BoolType: Proto.TYPE_BOOL,
    inspect.IntType: Proto.TYPE_INT64,
    inspect.FloatType: Proto.TYPE_DOUBLE,
    inspect.StrType: Proto.TYPE_STRING,
    inspect.LiteralType: Proto.TYPE_STRING,
}
ZEROS: Final = (False, 0, "")
"""What proto3 reads where nothing was sent."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a field.

    Args:
        type: Of protobuf.
        dump: Makes what the constructor of the field's message takes.
        load: Makes what `msgspec.convert` takes.
        message: The name of the message that it is.
        note: What may stand there, where the type does not say it.
    """

    type: Proto.Type.ValueType
    dump: Cross
    load: Cross
    message: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message.

    Args:
        name: In both wires.
        number: Its place in its class, from 1 on: a field is added at the end.
        value: It, or all of it where it is a list.
        repeated: It is a list.
        optional: To leave it out is something else than its zero.
        required: It has no default.
    """

    name: str
    number: int
    value: Value
    repeated: bool = False
    optional: bool = False
    required: bool = True

    def takes(self, value: object) -> bool:
        """Whether this value is sent. JSON has a null of its own."""
        return value is not UNSET and (value is not None or self.value.dump is _as_json)

    def is_in(self, message: Any) -> bool:
        """Whether the message has it; one without a default counts as its zero."""
        if self.repeated:
            return self.required or len(getattr(message, self.name)) > 0
        return not (self.optional or self.value.message) or message.HasField(self.name)


def derived(
    field: inspect.Field, number: int, message_for: Callable[[inspect.Type], Value]
) -> Field:
    """The field for one of a class.

    Args:
        field: Of the class.
        number: Of the field.
        message_for: Makes a message of a class, a union or a tuple.
    """
    kind = _given(field.type)
    if isinstance(kind, inspect.BytesType):
        return Field(
            field.name, number, _column(field.name), repeated=True, required=field.required
        )
    if isinstance(kind, inspect.VarTupleType):
        value = _list(_value(kind.item_type, message_for))
        return Field(field.name, number, value, repeated=True, required=field.required)
    value = _value(kind, message_for)
    own = not field.required and field.default not in ZEROS
    optional = own and not value.message
    return Field(field.name, number, value, optional=optional, required=field.required)


def _given(kind: inspect.Type) -> inspect.Type:
    """The type without what stands for "left out". An integer or a double is a double."""
    if not isinstance(kind, inspect.UnionType):
        return kind
    kinds = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
    doubles_ = [one for one in kinds if isinstance(one, inspect.FloatType)]
    return next(iter(doubles_), kinds[0] if len(kinds) == 1 else kind)


def _value(kind: inspect.Type, message_for: Callable[[inspect.Type], Value]) -> Value:
    if (scalar := SCALARS.get(type(kind))) is not None:
        words = kind.values if isinstance(kind, inspect.LiteralType) else ()
        return Value(scalar, _same, _same, note=", ".join(map(str, words)))
    if isinstance(kind, inspect.AnyType | inspect.DictType):
        return Value(Proto.TYPE_STRING, _as_json, _from_json, note="JSON")
    return message_for(kind)


def _column(name: str) -> Value:
    """A column of numbers: packed, they are the bytes that frames have."""
    if name == "times":
        return Value(Proto.TYPE_SFIXED64, lambda data: as_integers(data, len(data) // 8), integers)
    return Value(Proto.TYPE_DOUBLE, lambda data: as_doubles(data, len(data) // 8), doubles)


def _list(one: Value) -> Value:
    return replace(one, dump=_each(one.dump), load=_each(one.load))


def _each(cross: Cross) -> Cross:
    return list if cross is _same else lambda values: [cross(value) for value in values]


def _same(value: Any) -> Any:
    return value


def _as_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _from_json(text: str) -> Any:
    return msgspec.json.decode(text) if text else {}
