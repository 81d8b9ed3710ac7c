"""What values become, kind by kind, as snmp_exporter's users know them."""

from __future__ import annotations

import pytest

from orbital_plugin_snmp.polling.task import PollTask
from orbital_plugin_snmp.profiles.loading import parse
from orbital_plugin_snmp.tables.families import Families
from orbital_plugin_snmp.tables.plan import compile_profiles
from orbital_plugin_snmp.testing import FakeReader

OID = "1.3.6.1.4.1.1"
UP = "{suffix: _up, regex: up, value: '1'}"
ELSE = "{suffix: _up, regex: '.*', value: '0'}"
NAMED = "{regex: '(?P<n>\\d+) of (\\d+)', value: '${n}'}"


async def become(about, *values):
    """The samples that a scalar becomes, after each of its values."""
    profile = parse(f"scalars: [{{name: a, oid: {OID}, {about}}}]", source="x", name="x")
    task = PollTask(compile_profiles([profile], Families()), refresh=60, wrap=True)
    for value in values:
        polled = await task.poll(FakeReader({f"{OID}.0": value}))
    out = polled.output
    return {repr(s): v for s, v in zip(out.series, out.values, strict=True)}, out.problems


@pytest.mark.parametrize(
    ("about", "value", "samples"),
    [
        ("type: gauge", 7, {"a{}": 7}),
        ("type: gauge, scale: 0.1, offset: -40", 452, {"a{}": pytest.approx(5.2)}),
        ("type: gauge, scale: 0.1", 292, {"a{}": 29.2}),
        ("type: gauge, scale: 0", 292, {"a{}": 0}),
        ("type: gauge, hint: d-2", 1234, {"a{}": 12.34}),
        ("type: gauge, unknown: [-1, 65535], scale: 0.1", 65535, {}),
        ("type: gauge, unknown: [-1], scale: 10", -2, {"a{}": -20}),
        ("type: EnumAsInfo, enum: {1: up}, unknown: [0]", 0, {}),
        ("type: Float", 0.25, {"a{}": 0.25}),
        ("type: gauge", "0.12", {"a{}": 0.12}),
        ("type: Float", b"\x09\x07\x03655E-2", {"a{}": 6.55}),
        ("type: counter", ("counter", 3), {"a{}": 3}),
        ("type: DisplayString", "text", {"a{a='text'}": 1}),
        ("type: DisplayString", ("oid", "1.3.6.1"), {"a{a='1.3.6.1'}": 1}),
        ("type: OctetString", b"\x01\x02", {"a{a='0x0102'}": 1}),
        ("type: OctetString, hint: '1x-'", b"\x01\x02", {"a{a='01-02'}": 1}),
        ("type: PhysAddress48", bytes(6), {"a{a='00:00:00:00:00:00'}": 1}),
        ("type: EnumAsInfo, enum: {1: up}", 1, {"a_info{a='up'}": 1}),
        ("type: EnumAsInfo, enum: {1: up}", 9, {"a_info{a='9'}": 1}),
        ("type: EnumAsStateSet, enum: {1: up, 2: down}", 2, {"a{a='up'}": 0, "a{a='down'}": 1}),
        ("type: EnumAsStateSet, enum: {1: up}", 9, {"a{a='up'}": 0, "a{a='9'}": 1}),
        ("type: Bits, enum: {0: x, 9: y}", b"\x80\x40", {"a{a='x'}": 1, "a{a='y'}": 1}),
        ("type: Bits, enum: {0: x, 9: y}", b"\x80", {"a{a='x'}": 1, "a{a='y'}": 0}),
        ("type: DateAndTime", bytes.fromhex("07e2080f08010f00"), {"a{}": 1534320075}),
        ("type: ParseDateAndTime, format: '%Y-%m-%d'", "2018-08-15", {"a{}": 1534291200}),
        ("type: NTPTimeStamp", bytes.fromhex("83aa7e8500000000"), {"a{}": 5}),
        ("type: DisplayString, extract: [{regex: '([0-9.]+) C'}]", "41.5 C", {"a{}": 41.5}),
        (f"type: DisplayString, extract: [{UP}, {ELSE}]", "up", {"a_up{}": 1}),
        (f"type: DisplayString, extract: [{NAMED}]", "3 of 4", {"a{}": 3}),
    ],
)  # fmt: skip
async def test_kinds(about, value, samples):
    """Each kind of value becomes the samples that snmp_exporter's users know."""
    got, problems = await become(about, value)
    assert got == samples
    assert not problems


@pytest.mark.parametrize(
    ("about", "value"),
    [
        ("type: gauge", "many"),
        ("type: DateAndTime", b"soon"),
        ("type: DateAndTime", 7),
        ("type: EnumAsStateSet, enum: {1: up}", "up"),
        ("type: Bits, enum: {0: x}", 1),
        ("type: DisplayString, extract: [{regex: '(\\d+) C'}]", "warm"),
        ("type: DisplayString, extract: [{regex: '(.*)'}]", "warm"),
        ("type: DisplayString, extract: [{regex: '(.*)', value: $7}]", "warm"),
    ],
)
async def test_what_makes_no_sense(about, value):
    """A value of another kind than the profile says is counted, and never told as 0."""
    got, problems = await become(about, value)
    assert got == {}
    assert sum(problems.values()) == 1


async def test_a_value_that_changes():
    """A text or a state that changes is told as what it is now."""
    assert (await become("type: DisplayString", "one", "two"))[0] == {"a{a='two'}": 1}
    got, _ = await become("type: EnumAsStateSet, enum: {1: up, 2: down}", 1, 2)
    assert got == {"a{a='up'}": 0, "a{a='down'}": 1}


@pytest.mark.parametrize(
    ("free", "total", "used"), [(25, 100, 75), (0, 4, 100), (5, 4, None), (1, 0, None)]
)
async def test_share(free, total, used):
    """`free_of` tells the used share in percent; what cannot be is not told."""
    about = f"{{name: a, oid: {OID}, free_of: {OID}.2}}"
    profile = parse(f"scalars: [{about}]", source="x", name="x")
    task = PollTask(compile_profiles([profile], Families()), refresh=60, wrap=True)
    polled = await task.poll(FakeReader({f"{OID}.0": free, f"{OID}.2.0": total}))
    assert polled.output.values == ([] if used is None else [used])


async def test_chained_look_ups():
    """A looked-up number leads to the next table: cpu -> physical index -> name (as Cisco has it)."""
    profile = parse(
        """
tables:
  - name: cpu
    index: [{label: cpu}]
    labels:
      - {label: physical, oid: 1.3.6.1.4.1.2, type: gauge}
      - {label: name, oid: 1.3.6.1.4.1.3, by: [physical], regex: 'CPU (.*)'}
    metrics: [{name: load, oid: 1.3.6.1.4.1.1}]
""",
        source="x",
        name="x",
    )
    task = PollTask(compile_profiles([profile], Families()), refresh=60, wrap=True)
    reader = FakeReader({
        "1.3.6.1.4.1.1.1": 5, "1.3.6.1.4.1.1.2": 6, "1.3.6.1.4.1.2.1": 1001,
        "1.3.6.1.4.1.3.1001": "CPU of slot 1",
    })  # fmt: skip
    out = (await task.poll(reader)).output
    assert [s.values for s in out.series] == [("1", "1001", "of slot 1"), ("2", "", "")]


async def test_one_column_twice():
    """A column may be told in two ways."""
    state = "{name: s_state, oid: 1.3.6.1.4.1.1, type: EnumAsStateSet, enum: {1: up}}"
    about = "{name: s, oid: 1.3.6.1.4.1.1}, " + state
    profile = parse(f"tables: [{{name: t, metrics: [{about}]}}]", source="x", name="x")
    task = PollTask(compile_profiles([profile], Families()), refresh=60, wrap=True)
    out = (await task.poll(FakeReader({"1.3.6.1.4.1.1.7": 1}))).output
    assert [repr(s) for s in out.series] == ["s{index='7'}", "s_state{index='7', s_state='up'}"]
