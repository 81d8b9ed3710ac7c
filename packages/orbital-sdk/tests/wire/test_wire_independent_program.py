"""A program that knows docs/contract.md and nothing of ours: MessagePack over its standard streams."""

import subprocess
import sys

import pytest

from orbital_sdk import DeviceUnreachable, wire
from orbital_sdk.wire import answers, calls

PROGRAM = """
import struct, sys
import msgspec

def say(**message):
    body = msgspec.msgpack.encode(message)
    sys.stdout.buffer.write(struct.pack("<I", len(body)) + body)
    sys.stdout.buffer.flush()

def heard():
    while head := sys.stdin.buffer.read(4):
        yield msgspec.msgpack.decode(sys.stdin.buffer.read(struct.unpack("<I", head)[0]))

METRIC = {"name": "ups_outlet_power_watts", "unit": "watts", "labels": ["outlet"]}
TABLE = {"kind": "table", "table": 0, "metrics": [METRIC], "series": [[0, ["1"]], [0, ["2"]]]}
META = {"name": "ups", "version": "1.0.0", "description": "ACME UPS units"}
ABOUT = {"meta": META, "config_schema": {}, "config_fields": []}
hosts, known = {}, set()
for asked in heard():
    call, session = asked.get("call"), asked.get("session")
    match asked["type"]:
        case "hello":
            offer = {"part": "plugin", "name": "ups", "manifest": ABOUT}
            say(type="welcome", contract=1 if 1 in asked["contracts"] else 0, offers=[offer])
        case "device":
            hosts[session] = asked["fields"]["host"]
            say(type="facts", call=call, target=hosts[session] + ":3493", by="a stranger")
        case "collect" if hosts[session] == "dead":
            error = {"classes": ["Asleep", "DeviceUnreachable"], "text": "dead: no answer"}
            say(type="collected", call=call, error=error)
        case "collect":
            samples = {"kind": "samples", "table": 0, "values": struct.pack("<2d", 12.5, float("inf"))}
            say(type="collected", call=call, records=[samples] if session in known else [TABLE, samples])
            known.add(session)
        case _:
            say(type="done", call=call)
"""


class Agent:
    """The other end, as far as a test needs it: one call after the other."""

    def __init__(self, program):
        self.program, self.bodies, self.calls = program, wire.Bodies(), 0

    def say(self, message):
        self.program.stdin.write(wire.encode(message))
        self.program.stdin.flush()
        while True:
            for body in self.bodies.feed(self.program.stdout.read1(1 << 16)):
                return wire.from_program(body)

    def call(self, cls, *arguments):
        self.calls += 1
        answer = self.say(cls(self.calls, *arguments))
        assert answer.call == self.calls
        return answer


@pytest.fixture
def agent():
    command = [sys.executable, "-I", "-c", PROGRAM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        yield Agent(program)
        program.stdin.close()
        assert program.wait(60) == 0


def test_a_program_of_forty_lines_is_a_plugin(agent):
    """From `hello` to `stop`: two sessions, one of a device that is dead, and a table that is told once."""
    welcome = agent.say(calls.Hello((1,), "a test"))
    assert (welcome.contract, welcome.offers[0].name) == (1, "ups")
    assert agent.call(calls.Start, 1, "plugin", "ups", {}, 10.0) == answers.Done(1)
    for session, host in ((1, "ups1"), (2, "dead")):
        facts = agent.call(calls.Device, session, 1, {"host": host})
        assert (facts.target, facts.exclusive) == (f"{host}:3493", None)
        assert agent.call(calls.Open, session, 10.0) == answers.Done(agent.calls)
    taken, run = wire.Incoming(), ("task", "device", 10.0, 10.0)
    for _ in range(2):
        (columns,) = taken.unpacked(agent.call(calls.Collect, 1, *run).records)
        given = [(repr(sample.series), sample.value) for sample in columns.samples()]
        power = "ups_outlet_power_watts{outlet='%s'}"
        assert given == [(power % 1, 12.5), (power % 2, float("inf"))]
    error = wire.unpacked(agent.call(calls.Collect, 2, *run).error)
    assert (type(error), str(error)) == (DeviceUnreachable, "dead: no answer")
    for session in (1, 2):
        assert agent.call(calls.Close, session, 5.0) == answers.Done(agent.calls)
    assert agent.call(calls.Stop, 1, 5.0) == answers.Done(agent.calls)
    assert agent.call(calls.Health) == answers.Done(agent.calls)


def test_no_contract_in_common(agent):
    """It says so, and nothing else."""
    assert agent.say(calls.Hello((7,), "a test")).contract == 0
