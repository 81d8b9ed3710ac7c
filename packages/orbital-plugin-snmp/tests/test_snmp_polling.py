"""A task from poll to poll: rows, labels, filters, counters, restarts and failures."""

from __future__ import annotations

import pytest

from orbital_plugin_snmp.engines.errors import NoAnswer, Refused
from orbital_plugin_snmp.polling.task import PollTask
from orbital_plugin_snmp.profiles.loading import parse, resolve, shipped
from orbital_plugin_snmp.tables.families import Families
from orbital_plugin_snmp.tables.plan import compile_profiles
from orbital_plugin_snmp.tables.texts import LONGEST
from orbital_plugin_snmp.testing import FakeReader

UPTIME, CHANGED = "1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.31.1.5.0"
DESCR, STATUS, IN = "1.3.6.1.2.1.2.2.1.2", "1.3.6.1.2.1.2.2.1.8", "1.3.6.1.2.1.2.2.1.10"
HC_IN, BEGAN = "1.3.6.1.2.1.31.1.1.1.6", "1.3.6.1.2.1.31.1.1.1.19"
TABLE = f"""\
tables:
  - name: interfaces
    index: [{{label: ifIndex}}]
    labels: [{{label: ifDescr, oid: {DESCR}}}]
    changed: {CHANGED}
    metrics:
      - {{name: ifInOctets, oid: {IN}, type: counter}}
"""


def task_of(text, *, refresh=600.0, wrap=True):
    profile = parse(text, source="x.yaml", name="x")
    plan = compile_profiles(resolve([profile], shipped()), Families())
    return PollTask(plan, refresh=refresh, wrap=wrap)


def device(**objects):
    """A device with two interfaces."""
    return FakeReader(
        {
            UPTIME: ("ticks", 100_000), CHANGED: ("ticks", 5),
            f"{DESCR}.1": "lo", f"{DESCR}.2": "eth0",
            f"{STATUS}.1": 1, f"{STATUS}.2": 2,
            f"{IN}.1": ("counter", 10), f"{IN}.2": ("counter", 20),
        }
        | objects
    )  # fmt: skip


def told(polled):
    """Samples as text."""
    out = polled.output
    return {repr(s): v for s, v in zip(out.series, out.values, strict=True)}


def octets(polled):
    """`ifInOctets` by the labels that make it different."""
    return {k.removeprefix("ifInOctets"): v for k, v in told(polled).items() if "ifInOc" in k}


async def test_rows_are_worked_out_once():
    """A poll like the one before gives the very same series, and reads no labels again."""
    task, reader = task_of(TABLE), device()
    first = await task.poll(reader)
    assert octets(first) == {
        "{ifIndex='1', ifDescr='lo'}": 10,
        "{ifIndex='2', ifDescr='eth0'}": 20,
    }
    assert first.tables == {"interfaces": True}
    reader.walked.clear()
    second = await task.poll(reader)
    assert reader.walked == [[IN]]
    assert [a is b for a, b in zip(first.output.series, second.output.series, strict=True)] == [
        True
    ] * 2


async def test_a_new_row():
    """A row that nobody knew has its labels looked up in the same poll."""
    task, reader = task_of(TABLE), device()
    await task.poll(reader)
    reader.objects |= {f"{DESCR}.3": "eth1", f"{IN}.3": ("counter", 30)}
    assert octets(await task.poll(reader))["{ifIndex='3', ifDescr='eth1'}"] == 30
    del reader.objects[f"{IN}.1"]
    assert len(octets(await task.poll(reader))) == 2


@pytest.mark.parametrize("how", ["changed", "restart", "age"])
async def test_labels_follow_the_device(how):
    """Labels are read anew when the device says that rows moved, when it started again, and in time."""
    task, reader = task_of(TABLE, refresh=0 if how == "age" else 600), device()
    await task.poll(reader)
    reader.objects |= {f"{DESCR}.1": "eth0", f"{DESCR}.2": "lo"}
    if how == "changed":
        reader.objects[CHANGED] = ("ticks", 6)
    if how == "restart":
        reader.objects[UPTIME] = ("ticks", 50_000)
    assert octets(await task.poll(reader)) == {
        "{ifIndex='1', ifDescr='eth0'}": 10,
        "{ifIndex='2', ifDescr='lo'}": 20,
    }


async def test_labels_are_kept_otherwise():
    """Without a sign of change the old labels are used until their time is over."""
    task, reader = task_of(TABLE), device()
    await task.poll(reader)
    reader.objects[f"{DESCR}.1"] = "other"
    assert "{ifIndex='1', ifDescr='lo'}" in octets(await task.poll(reader))


async def test_restart_in_mid_poll():
    """A device that starts again while it is read gives no rows in that poll, and right ones in the next."""
    clock = iter(range(1000)).__next__  # a second passes each time somebody looks
    profile = parse(TABLE, source="x.yaml", name="x")
    plan = compile_profiles([profile], Families())
    task, reader = PollTask(plan, refresh=600, wrap=True, clock=clock), device()
    await task.poll(reader)

    def restart():
        reader.objects |= {UPTIME: ("ticks", 0), f"{DESCR}.1": "eth0", f"{DESCR}.2": "lo"}

    reader.before_get = restart
    polled = await task.poll(reader)
    assert octets(polled) == {}
    assert "started again" in polled.gathering.failures["interfaces"]
    assert polled.tables == {"interfaces": False}
    assert "{ifIndex='1', ifDescr='eth0'}" in octets(await task.poll(reader))


FILTERED = TABLE + f"      - {{name: ifOperStatus, oid: {STATUS}, enum: {{1: up, 2: down}}}}\n"


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("{column: ifOperStatus, equals: up}", {"1"}),
        ("{column: ifOperStatus, equals: [2]}", {"2"}),
        ("{column: ifOperStatus, equals: up, invert: true}", {"2"}),
        ("{column: ifDescr, matches: 'eth.*'}", {"2"}),
        (f"{{column: {STATUS}, equals: [1, 2]}}", {"1", "2"}),
        ("{column: ifDescr, matches: 'eth'}", set()),
        ("{column: 1.3.6.1.4.1.1, equals: up}", set()),
    ],
)
async def test_filters(where, kept):
    """Rows are kept by an enum's name, its number, or an expression on a label; what has no value is not."""
    polled = await task_of(f"{FILTERED}    where: [{where}]").poll(device())
    indexes = {s.values[0] for s in polled.output.series}
    assert indexes == kept
    assert not polled.output.problems


async def test_a_filter_follows_the_device():
    """An interface that comes up is told from that poll on, and no longer when it goes down."""
    task = task_of(FILTERED + "    where: [{column: ifOperStatus, equals: up}]")
    reader = device()
    assert len(octets(await task.poll(reader))) == 1
    reader.objects[f"{STATUS}.2"] = 1
    assert len(octets(await task.poll(reader))) == 2
    reader.objects[f"{STATUS}.1"] = 2
    assert octets(await task.poll(reader)) == {"{ifIndex='2', ifDescr='eth0'}": 20}
    reader.broken[STATUS] = "loops"
    assert octets(await task.poll(reader)) == {"{ifIndex='2', ifDescr='eth0'}": 20}


UNWRAPPED = f"""\
tables:
  - name: interfaces
    index: [{{label: ifIndex}}]
    discontinuity: {BEGAN}
    metrics:
      - {{name: ifInOctets, oid: {HC_IN}, fallback: {IN}, type: counter, unwrap: true}}
"""


async def test_stand_in():
    """Where a row has the 64-bit counter that one is told, else the 32-bit one, and never both."""
    task, reader = task_of(UNWRAPPED), device()
    reader.objects[f"{HC_IN}.2"] = ("counter64", 2**40)
    assert octets(await task.poll(reader)) == {"{ifIndex='1'}": 10, "{ifIndex='2'}": 2**40}
    assert IN in reader.walked[-1]
    reader.objects[f"{HC_IN}.1"] = ("counter64", 2**41)
    task = task_of(UNWRAPPED)
    for _ in range(2):
        polled = await task.poll(reader)
        assert octets(polled) == {"{ifIndex='1'}": 2**41, "{ifIndex='2'}": 2**40}
    assert reader.walked[-1] == [BEGAN, HC_IN], "a stand-in that nothing needs is not read"


async def test_wraps_and_restarts():
    """A 32-bit counter is carried on when it wraps, and starts again when the device or its row did."""
    task, reader = task_of(UNWRAPPED), device()
    reader.objects |= {f"{BEGAN}.1": ("ticks", 0), f"{BEGAN}.2": ("ticks", 0)}

    async def poll(value, **objects):
        reader.objects |= {f"{IN}.1": ("counter", value)} | objects
        return octets(await task.poll(reader))["{ifIndex='1'}"]

    assert await poll(2**32 - 10) == 2**32 - 10
    assert await poll(5) == 2**32 + 5
    assert await poll(2**32 - 1) == 2 * 2**32 - 1
    assert await poll(4) == 2 * 2**32 + 4
    assert await poll(3) == 3, "nobody counts 2^32-1 between two polls: it was cleared"
    assert await poll(2**32 - 1) == 2**32 - 1
    assert await poll(2, **{f"{BEGAN}.1": ("ticks", 99)}) == 2, "its counters began anew"
    assert await poll(2**32 - 1) == 2**32 - 1
    assert await poll(1, **{UPTIME: ("ticks", 90_000)}) == 1, "the device did"


async def test_64_bits_do_not_wrap():
    """A 64-bit counter that falls has started again, whatever its profile says about wraps."""
    task, reader = task_of(UNWRAPPED), device()
    for value in (2**32 - 1, 5, 2**40, 7):
        reader.objects[f"{HC_IN}.1"] = ("counter64", value)
        assert octets(await task.poll(reader))["{ifIndex='1'}"] == value


async def test_large_counters():
    """A Counter64 above 2^53 stays exact modulo 2^53, or is as near as a double can be: as the user says."""
    big = {f"{IN}.1": ("counter64", 2**64 - 1), f"{IN}.2": ("counter64", 2**53)}
    polled = await task_of(TABLE).poll(device(**big))
    assert polled.output.values == [2**53 - 1, 0]
    polled = await task_of(TABLE, wrap=False).poll(device(**big))
    assert polled.output.values == [2**64 - 1, 2**53]


async def test_no_numbers():
    """A text where a number belongs is counted and left out; a number written as text is one."""
    reader = device(**{f"{IN}.1": "many", f"{IN}.2": "22"})
    polled = await task_of(TABLE).poll(reader)
    assert list(octets(polled).values()) == [22]
    assert polled.output.problems == {"ifInOctets is no number": 1}


async def test_index_of_another_form():
    """A row whose index has more parts than the profile says is counted and left out."""
    polled = await task_of(TABLE).poll(device(**{f"{IN}.1.7": ("counter", 1)}))
    assert len(octets(polled)) == 2
    assert polled.output.problems == {"interfaces: index of another form": 1}


async def test_strange_labels():
    """A label of 64 kB is cut by bytes between characters, and binary is made text: the samples are told."""
    reader = device(**{f"{DESCR}.1": b"\xff\x00" * 32768, f"{DESCR}.2": "漢" * 20000})
    polled = await task_of(TABLE).poll(reader)
    sizes = [len(s.values[1].encode()) for s in polled.output.series]
    assert all(LONGEST - 4 < size <= LONGEST for size in sizes)
    assert all(s.values[1].endswith("…") for s in polled.output.series)


async def test_numbers_that_stand_for_none():
    """A cell is left out while it says `unknown`, and told as soon as it knows; others are never held up."""
    task = task_of(TABLE.replace(f"oid: {IN}", f"oid: {IN}, unknown: [9]"))
    reader = device()
    for cell, rows in ((9, 1), (10, 2), (9, 1)):
        reader.objects[f"{IN}.1"] = ("counter", cell)
        assert len(octets(await task.poll(reader))) == rows


async def test_what_does_not_exist():
    """Objects that the device does not have cost one question, until it starts again."""
    task = task_of(
        "scalars: [{name: a, oid: 1.3.6.1.4.1.1}, {name: b, oid: 1.3.6.1.2.1.1.3}]\n" + TABLE
    )
    reader = FakeReader({UPTIME: ("ticks", 100)})
    polled = await task.poll(reader)
    assert told(polled) == {"b{}": 100}
    assert polled.tables == {}
    assert not polled.gathering.failures
    await task.poll(reader)
    assert reader.asked[-1] == [UPTIME]
    reader.objects |= {UPTIME: ("ticks", 1), "1.3.6.1.4.1.1.0": 7}
    await task.poll(reader)
    assert told(await task.poll(reader))["a{}"] == 7


TWO = TABLE + f"  - name: states\n    metrics: [{{name: ifOperStatus, oid: {STATUS}}}]\n"


@pytest.mark.parametrize("broken", [NoAnswer("1.2.3.4: no answer"), "its OIDs go round in circles"])
async def test_a_failing_table(broken):
    """A table that fails leaves the others standing, whichever comes first."""
    for column, other in ((IN, STATUS), (STATUS, IN)):
        reader = device()
        reader.objects = {k: v for k, v in reader.objects.items() if not k.startswith(f"{column}.")}
        reader.broken[column] = broken
        polled = await task_of(TWO).poll(reader)
        name = "interfaces" if column == IN else "states"
        assert polled.gathering.failures == {name: str(broken)}
        assert sorted(polled.tables.values()) == [False, True]
        assert len(polled.output.series) == 2, other


async def test_a_device_that_is_too_slow():
    """What a poll has time for is told with its labels from the first poll on, half tables too."""
    reader = device()
    reader.broken[IN] = "the time was over"
    late = f"  - name: late\n    metrics: [{{name: ifOperStatus, oid: {STATUS}}}]\n"
    for _ in range(2):
        reader.broken |= dict.fromkeys((STATUS, UPTIME), NoAnswer("the time was over"))
        polled = await task_of(TABLE + late).poll(reader)
        assert octets(polled).keys() == {
            "{ifIndex='1', ifDescr='lo'}",
            "{ifIndex='2', ifDescr='eth0'}",
        }
        assert polled.tables == {"interfaces": False, "late": False}


async def test_what_came_before_a_table_failed():
    """Rows that came before a walk ended early are told, and the table counts as failed."""
    reader = device()
    reader.broken[IN] = "ended early"
    polled = await task_of(TABLE).poll(reader)
    assert len(octets(polled)) == 2
    assert polled.tables == {"interfaces": False}


async def test_no_labels_no_rows():
    """Where labels could not be read at all nothing is told under wrong ones."""
    reader = device()
    reader.broken[DESCR] = NoAnswer("no answer")
    polled = await task_of(TABLE).poll(reader)
    assert octets(polled) == {}
    assert polled.tables == {"interfaces": False}
    del reader.broken[DESCR]
    assert len(octets(await task_of(TABLE).poll(reader))) == 2


async def test_old_labels_serve_on():
    """Where labels cannot be read again those known serve on."""
    task, reader = task_of(TABLE, refresh=0), device()
    await task.poll(reader)
    reader.broken[DESCR] = "ended early"
    assert len(octets(await task.poll(reader))) == 2


async def test_a_dead_device():
    """Where nothing answers at all the poll raises that, after two silences and not one for each table."""
    reader = device()
    for column in (DESCR, IN, STATUS, UPTIME):
        reader.broken[column] = NoAnswer("no answer")
    with pytest.raises(NoAnswer):
        await task_of(TWO).poll(reader)
    assert len(reader.walked) == 2


async def test_a_dead_device_that_lacks_a_table():
    """What is known to be absent is not asked for, so it is not a sign of life."""
    reader = device()
    reader.absent = {STATUS}
    for column in (DESCR, IN, UPTIME):
        reader.broken[column] = NoAnswer("no answer")
    with pytest.raises(NoAnswer):
        await task_of(TWO).poll(reader)


async def test_refused():
    """Refused credentials end the poll at once: all else would be refused as well."""
    reader = device()
    reader.broken[DESCR] = Refused("wrong community")
    with pytest.raises(Refused):
        await task_of(TWO).poll(reader)
    assert reader.walked == [[DESCR]]


async def test_each_column_once():
    """Two profiles that want one column read it once; what both call alike is told once."""
    one = parse(TABLE, source="x", name="one")
    two = parse(TABLE.replace("ifInOctets", "octets"), source="x", name="two")
    plan = compile_profiles([one, one.model_copy(update={"name": "again"}), two], Families())
    reader = device()
    polled = await PollTask(plan, refresh=600, wrap=True).poll(reader)
    assert [column for walk in reader.walked for column in walk] == [DESCR, IN]
    assert {s.metric.name for s in polled.output.series} == {"ifInOctets", "octets"}
    assert len(polled.output.series) == 4
    assert polled.tables == {"interfaces": True, "two.interfaces": True}


async def test_rows_that_come_and_go():
    """Rows that never come again are forgotten: memory stays bounded."""
    task, reader = task_of(TABLE), FakeReader({UPTIME: ("ticks", 1)})
    for poll in range(30):
        reader.objects = {UPTIME: ("ticks", poll)}
        reader.objects |= {f"{IN}.{poll * 100 + row}": ("counter", 1) for row in range(100)}
        assert len((await task.poll(reader)).output.series) == 100
    assert len(task._tables[0].columns[0]) <= 1300
