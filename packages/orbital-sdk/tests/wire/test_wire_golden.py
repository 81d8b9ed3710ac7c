"""What crosses is frozen: `contract-1.json` has the schema, and the bytes of one example of each message."""

import json
import os
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from orbital_sdk import DeviceUnreachable, Layout, Metric, Row, wire
from orbital_sdk.testing import make_batch, make_origin
from orbital_sdk.wire import answers, calls
from orbital_sdk.wire.manifests import Described, Field, Manifest
from orbital_sdk.wire.schema import json_schema

FROZEN = Path(__file__).with_name("contract-1.json")
WHAT_TO_DO = """What crosses a process border has changed, and programs that others wrote speak contract 1.

Allowed within a contract: a field that may be left out, and a type of message or a kind of record that is
only sent to an end whose `knows` names it. Everything else (another type, bound or meaning, a field that must
be there or is gone) needs a new `CONTRACT` beside this one. docs/contract.md has the rules.

If the change is allowed, freeze it and read the difference before you commit it:
    ORBITAL_WIRE=freeze python -m pytest packages/orbital-sdk/tests/wire/test_wire_golden.py"""

OCTETS = Metric("if_octets_total", "Bytes in", kind="counter", unit="bytes", labels=("port",))
OUT = wire.Outgoing()
FIRST = OUT.packed([OCTETS(1, "1"), OCTETS(2.5, "2", ts=1_700_000_000_000)])
THEN = OUT.packed([OCTETS(3, "1"), OCTETS(float("inf"), "2")])
GONE = wire.packed(DeviceUnreachable("switch-7: no answer"))
PORTS = Layout(
    make_origin(), [Row("if_octets_total", {"port": port}, "counter", "bytes") for port in "12"]
)
BATCHES = wire.OutgoingBatches().packed(
    [make_batch([1.0, 2.0], ts=1_700_000_000_000, layout=PORTS)]
)
ABOUT = Manifest(
    {"name": "ports", "version": "1.0.0", "description": "Ports", "author": "", "device_types": []},
    {"type": "object"},
    (),
    {"type": "object"},
    (Field("port", "int", required=True, min=1, max=65535, description="Port number"),),
    (Described("if_octets_total", "counter", "bytes", "Bytes in", ("port",)),),
)
POLLS = answers.Family("counter", "polls_total", "Polls", ("device",), ((("switch-7",), 3.0),))
EXAMPLES = [
    calls.Hello((1,), "orbital-runtime 1.0.0", ("events",)),
    calls.Start(
        1, 1, "plugin", "ports", {"timeout": "5s"}, 10.0, "/var/lib/orbital-sentinel/plugins/ports"
    ),
    calls.Device(2, 7, 1, {"host": "switch-7", "password": "open sesame"}),
    calls.Open(3, 7, 9.5),
    calls.Collect(4, 7, "switch-7", "dev-7", 10.0, 9.25),
    calls.Test(5, 7, "switch-7", "dev-7", 10.0, 10.0),
    calls.Serve(6, 7, "switch-7", "dev-7"),
    calls.Accepted(6, 1),
    calls.NotAccepted(
        6, 2, wire.Error(("BufferRefused", "CollectError", "OrbitalError"), "it is full")
    ),
    calls.Write(7, 2, 1, "c0ffee", BATCHES, 30.0),
    calls.Connect(7, 2, 10.0),
    calls.Cancel(4),
    calls.Close(8, 7, 5.0),
    calls.Stop(9, 1, 5.0),
    calls.Health(10),
    answers.Welcome(
        1,
        (
            answers.Offer("plugin", "ports", ABOUT),
            answers.Offer("plugin", "traps", ABOUT, serves=True),
        ),
        (),
    ),
    answers.Done(3),
    answers.Failed(3, GONE),
    answers.Facts(2, "switch-7:161", "bus 1"),
    answers.Collected(4, FIRST),
    answers.Tested(5, "switch-7 answers"),
    answers.Emit(6, 1, THEN),
    answers.Written(7, 512, (answers.Refused(0, 1, "too old"),)),
    answers.NotWritten(7, "400: no label", "doubtful"),
    answers.Counts(
        1,
        (answers.Family("counter", "polls_total", "Polls", ("device",), ((("switch-7",), 3.0),)),),
    ),
    answers.Log("warning", "switch-7 answers late", 1, 4),
]


def as_it_is():
    """What the file has to hold."""
    shown = [
        {
            "message": json.loads(msgspec.json.encode(message)),
            "bytes": wire.encode(message).hex(),
        }
        for message in EXAMPLES
    ]
    return {"contract": wire.CONTRACT, "schema": wordless(json_schema()), "examples": shown}


def wordless(schema):
    """Without what is said for people: that may get better."""
    if isinstance(schema, dict):
        said = {
            key for key, value in schema.items() if key == "description" and isinstance(value, str)
        }
        return {key: wordless(value) for key, value in schema.items() if key not in said}
    return [wordless(one) for one in schema] if isinstance(schema, list) else schema


def unordered(schema):
    """With alternatives in one order, which means nothing: msgspec's versions have another one."""
    if isinstance(schema, dict):
        return {
            key: sorted(map(unordered, value), key=repr) if key == "anyOf" else unordered(value)
            for key, value in sorted(schema.items())
        }
    return [unordered(one) for one in schema] if isinstance(schema, list) else schema


def test_what_crosses_is_frozen():
    """A change would part programs that are in use from agents that are newer."""
    if os.environ.get("ORBITAL_WIRE") == "freeze":
        FROZEN.write_text(json.dumps(as_it_is(), indent=1, sort_keys=True) + "\n", "utf-8")
    frozen = unordered(json.loads(FROZEN.read_text("utf-8")))
    now = unordered(json.loads(json.dumps(as_it_is())))
    changed = [key for key in frozen["schema"]["$defs"] | now["schema"]["$defs"]
               if frozen["schema"]["$defs"].get(key) != now["schema"]["$defs"].get(key)]  # fmt: skip
    assert frozen == now, f"{WHAT_TO_DO}\n\nIt is about: {', '.join(changed) or 'the examples'}."


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_an_example_is_read_as_what_it_is(message):
    """From bytes, and from the JSON that the documents show."""
    agents = isinstance(message, get_args(calls.FromAgent))
    read = wire.from_agent if agents else wire.from_program
    (body,) = wire.Bodies().feed(wire.encode(message))
    assert read(body) == message
    kind = calls.FromAgent if agents else answers.FromProgram
    assert msgspec.json.decode(msgspec.json.encode(message), type=kind) == message


def test_every_message_has_an_example():
    """So each is frozen."""
    every = {*get_args(calls.FromAgent), *get_args(answers.FromProgram)}
    assert {type(message) for message in EXAMPLES} == every
