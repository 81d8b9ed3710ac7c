"""plugin.proto as a descriptor, and the classes of its messages: no code is generated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto

from orbital_plugin_grpc.forms import ANSWER, CALL, Form, Forms

if TYPE_CHECKING:
    from orbital_plugin_grpc.fields import Field

FILE: Final = "orbital/plugin/v1/plugin.proto"
PACKAGE: Final = "orbital.plugin.v1"
SERVICE: Final = "Plugin"
METHOD: Final = "Exchange"
PATH: Final = f"/{PACKAGE}.{SERVICE}/{METHOD}"
CALLS: Final = "Calls"
ANSWERS: Final = "Answers"
FORMS: Final = Forms()


def described() -> FileDescriptorProto:
    """All of plugin.proto."""
    file = FileDescriptorProto(name=FILE, package=PACKAGE, syntax="proto3")
    file.message_type.extend([_messages(CALLS, CALL), _messages(ANSWERS, ANSWER)])
    file.message_type.extend([_message(form) for form in FORMS.by_name.values()])
    method = file.service.add(name=SERVICE).method.add(name=METHOD)
    method.input_type, method.output_type = _full(CALLS), _full(ANSWERS)
    method.client_streaming = method.server_streaming = True
    return file


def message_class(name: str) -> Any:
    """The class of this message. In a pool of its own: a program may have its generated stubs beside it."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(described())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))


def _messages(name: str, item: str) -> DescriptorProto:
    message = DescriptorProto(name=name)
    message.field.add(
        name=name.lower(), number=1, label=Proto.LABEL_REPEATED, type=Proto.TYPE_MESSAGE,
        type_name=_full(item),
    )  # fmt: skip
    return message


def _message(form: Form) -> DescriptorProto:
    message = DescriptorProto(name=form.name)
    if form.choice:
        message.oneof_decl.add(name=form.choice)
    for field in form.fields:
        described_ = _field(field)
        if form.choice:
            described_.oneof_index = 0
        message.field.append(described_)
    for number in form.kept:
        message.reserved_range.add(start=number, end=number + 1)
    _tell_presence(message)
    return message


def _field(field: Field) -> Proto:
    label = Proto.LABEL_REPEATED if field.repeated else Proto.LABEL_OPTIONAL
    described_ = Proto(name=field.name, number=field.number, label=label, type=field.value.type)
    if field.value.message:
        described_.type_name = _full(field.value.message)
    if field.optional:
        described_.proto3_optional = True
    return described_


def _tell_presence(message: DescriptorProto) -> None:
    """An optional field stands in a `oneof` of its own, as protoc writes it."""
    for field in message.field:
        if field.proto3_optional:
            field.oneof_index = len(message.oneof_decl)
            message.oneof_decl.add(name=f"_{field.name}")


def _full(name: str) -> str:
    return f".{PACKAGE}.{name}"
