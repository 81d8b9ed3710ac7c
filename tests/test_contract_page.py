"""`docs/contract.md` is true: its messages are messages, its tables are the code's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

import orbital_sdk
from orbital_runtime.engine.run_limits import RunLimits
from orbital_sdk import OrbitalError, Plugin, wire
from orbital_sdk.wire import answers, calls
from orbital_sdk.wire.errors import FIELDS
from orbital_sdk.wire.limits import LAYOUTS, MESSAGE, TABLES

PAGE = (Path(__file__).parents[1] / "docs" / "contract.md").read_text("utf-8")
CALLS = {cls.__struct_config__.tag: cls for cls in get_args(calls.FromAgent)}
ANSWERS = {cls.__struct_config__.tag: cls for cls in get_args(answers.FromProgram)}
TALKS = re.findall(r"```\n((?:->|<-).*?)```", PAGE, re.DOTALL)


def part(title: str) -> str:
    """What stands under a title."""
    return re.search(rf"^#+ {title}\n(.*?)(?=^#|\Z)", PAGE, re.DOTALL | re.MULTILINE)[1]


def rows(text: str) -> list[list[str]]:
    """Cells of all rows of all tables in a text, heads left out."""
    lines = re.findall(r"^\|(?!---)(.*)\|$", text, re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def words(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def said(line: str):
    """A line of a talk as a message, over bytes and back."""
    who, text = line.split(" ", 1)
    agents = who == "->"
    kind = calls.FromAgent if agents else answers.FromProgram
    message = msgspec.json.decode(text, type=kind)
    (body,) = wire.Bodies().feed(wire.encode(message))
    assert (wire.from_agent if agents else wire.from_program)(body) == message
    return message


@pytest.mark.parametrize("talk", TALKS)
def test_a_talk_is_made_of_messages(talk):
    """Each line is a message of the end that says it, without a field that it does not have."""
    for line in talk.splitlines():
        message = said(line)
        shown = msgspec.json.decode(line.split(" ", 1)[1])
        assert shown.keys() - {"type"} <= {*message.__struct_fields__}, line


@pytest.mark.parametrize("talk", TALKS)
def test_each_call_of_a_talk_is_answered_as_the_table_says(talk):
    """By its own answer, under its number."""
    table = {name: words(cell) for names, cell, *_ in rows(part("Who may send what when"))
             for name in words(names)}  # fmt: skip
    open_calls = {}
    for message in map(said, talk.splitlines()):
        name = message.__struct_config__.tag
        if name in {"welcome", "accepted", "emit", "cancel"}:
            continue
        if name in CALLS:
            open_calls[getattr(message, "call", None)] = name
        else:
            assert name in table[open_calls.pop(message.call)]
    assert set(open_calls.values()) <= {"hello"}


def test_samples_of_a_talk_are_what_they_seem():
    """Two outlets, then again without telling their names."""
    program = [
        message for message in map(said, TALKS[0].splitlines()) if hasattr(message, "records")
    ]
    session = wire.Incoming()
    given = [list(session.unpacked(one.records)) for one in program]
    values = [[(s.series.values, s.value) for c in taken for s in c.samples()] for taken in given]
    assert values == [[(("1",), 12.5), (("2",), 0.5)], [(("1",), 14.5), (("2",), 0.5)], []]
    error = wire.unpacked(program[-1].error)
    assert repr(error) == "DeviceUnreachable('ups1: connection refused')"


def test_the_table_of_messages_is_whole():
    """Every message stands in it, as what is said or as what is answered."""
    table = [cell for row in rows(part("Who may send what when"))[1:] for cell in row[:2]]
    assert {word for cell in table for word in words(cell)} == (CALLS | ANSWERS).keys() - {"failed"}
    assert "`failed`" in part("Order")


def test_the_tables_of_errors_are_whole():
    """Each class of the SDK with its fields, and what the agent does about it."""
    table = {
        cls: set(words(fields))
        for names, fields in rows(part("Errors that cross"))[1:]
        for cls in words(names)
    }
    assert table.pop("Bug") == {"trace"}
    assert table == {cls.__name__: set(fields) for cls, fields in FIELDS.items()}
    public = [getattr(orbital_sdk, name) for name in orbital_sdk.__all__]
    raised = {
        one.__name__ for one in public if isinstance(one, type) and issubclass(one, OrbitalError)
    }
    assert raised - {"OrbitalError", "WriteError"} <= {
        word for row in rows(part("Errors")) for word in words(row[0])
    }


def test_the_limits_are_those_of_the_code():
    """Of the agent, of a plugin's class, and of what crosses."""
    shown = {(named[-1].rpartition(".")[2] if (named := re.findall(r"`([\w.]+)`", setting)) else what): most
             for what, most, setting in rows(part("Limits"))[1:]}  # fmt: skip
    limits = RunLimits()
    assert shown == {
        "samples_per_run": f"{limits.samples:,}",
        "series_per_task": f"{limits.series:,}",
        "label_bytes": f"{limits.label_bytes:,}, longer ones are truncated",
        "max_execution_time": f"{limits.max_execution_time:.0f}",
        "seconds by which a device's own timestamp may be in the future": f"{limits.future:.0f}",
        "max_threads": f"{Plugin.max_threads}",
    }
    assert f"**tables** ({TABLES} for each session)" in PAGE
    assert f"**layouts** ({LAYOUTS:,} for each writer's instance)" in PAGE
    assert f"of {MESSAGE >> 20} MiB at most" in PAGE
    assert f"`close` has {limits.close:.0f} s" in PAGE


def test_the_contract_is_the_one_that_the_sdk_has():
    """One number, everywhere."""
    assert f"contract **{wire.CONTRACT}**" in PAGE
    assert Plugin.contract == wire.CONTRACT
