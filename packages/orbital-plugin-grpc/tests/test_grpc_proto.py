"""plugin.proto is frozen: within a major nothing that programs rely on changes."""

import json
import os
from importlib import resources
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import (
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from google.protobuf.json_format import MessageToDict, ParseDict
from grpc_tools import protoc

from orbital_plugin_grpc.schema import described

FROZEN = Path(__file__).with_name("plugin-1.json")
WHAT_TO_DO = """plugin.proto has changed, and programs that others wrote speak orbital.plugin.v1.

Messages and fields may be added. Everything else needs orbital.plugin.v2 beside it; docs/contract.md has the
rule.
If this is an addition, freeze it and read the difference before you commit it:
    ORBITAL_WIRE=freeze python -m pytest packages/orbital-plugin-grpc/tests/test_grpc_proto.py"""


def broken(frozen, now):
    """What programs that were made from the frozen descriptor rely on, and is gone or another."""
    messages = {message.name: message for message in now.message_type}
    for old in frozen.message_type:
        if old.name not in messages:
            yield f"message {old.name} is gone"
            continue
        fields = {field.number: field for field in messages[old.name].field}
        for field in old.field:
            if fields.get(field.number) != field:
                yield f"{old.name}.{field.name} = {field.number} is gone, or another one"
    if frozen.package != now.package or [*frozen.service] != [*now.service]:
        yield "the service is another one"


def frozen():
    return ParseDict(json.loads(FROZEN.read_text("utf-8")), FileDescriptorProto())


def test_the_proto_is_frozen():
    """A change that parts programs from agents fails here; so does an addition that nobody froze."""
    if os.environ.get("ORBITAL_WIRE") == "freeze":
        assert not FROZEN.exists() or not [*broken(frozen(), described())], WHAT_TO_DO
        FROZEN.write_text(json.dumps(MessageToDict(described()), indent=1) + "\n", "utf-8")
    assert not [*broken(frozen(), described())], WHAT_TO_DO
    assert frozen() == described(), WHAT_TO_DO


def renamed(file):
    message(file, "Collect").field[0].name = "number"


def renumbered(file):
    message(file, "Collect").field[0].number = 99


def retyped(file):
    message(file, "Samples").field[1].type = FieldDescriptorProto.TYPE_FLOAT


def single(file):
    message(file, "Welcome").field[1].label = FieldDescriptorProto.LABEL_OPTIONAL


def dropped(file):
    del message(file, "Collected").field[2]


def forgotten(file):
    file.message_type.remove(message(file, "Facts"))


def moved(file):
    file.package = "orbital.plugin.v2"


def one_way(file):
    file.service[0].method[0].server_streaming = False


def message(file, name):
    return next(one for one in file.message_type if one.name == name)


@pytest.mark.parametrize(
    "change", [renamed, renumbered, retyped, single, dropped, forgotten, moved, one_way]
)
def test_a_breaking_change_is_seen(change):
    """Each kind of it."""
    now = described()
    change(now)
    assert [*broken(described(), now)]


def test_an_addition_breaks_nothing():
    """A field, a message, a call."""
    now = described()
    message(now, "Collect").field.add(name="more", number=20, type=FieldDescriptorProto.TYPE_BOOL)
    now.message_type.add(name="Event")
    message(now, "Call").field.add(
        name="event",
        number=30,
        type=FieldDescriptorProto.TYPE_MESSAGE,
        type_name="Event",
        oneof_index=0,
    )
    assert not [*broken(described(), now)]


def test_the_text_says_what_the_agent_speaks(tmp_path):
    """The compiler reads plugin.proto as what our end was derived to be."""
    text, out = resources.files("orbital_plugin_grpc") / "plugin.proto", tmp_path / "set"
    folder = Path(str(text)).parent
    assert protoc.main(["protoc", f"-I{folder}", f"--descriptor_set_out={out}", str(text)]) == 0
    (made,) = FileDescriptorSet.FromString(out.read_bytes()).file
    made.name = described().name
    for one in made.message_type:
        for each in one.field:
            each.ClearField("json_name")
    wanted = described()
    for file in (made, wanted):
        file.message_type.sort(key=lambda one: one.name)
    assert made == wanted
