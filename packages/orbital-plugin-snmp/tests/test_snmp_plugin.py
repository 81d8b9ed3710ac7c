"""The plugin as the agent sees it, on net-snmp's agent."""

from __future__ import annotations

import asyncio
import re

import pytest
from pydantic import ValidationError

from orbital_plugin_snmp import Snmp, SnmpConfig, SnmpDevice
from orbital_plugin_snmp.profiles.choosing import choose
from orbital_plugin_snmp.profiles.loading import parse, shipped
from orbital_sdk import ConfigurationError, DeviceUnreachable, PartialCollect, manifest
from orbital_sdk.testing import FakeHost, check_plugin, collect_once, make_context
from orbital_testbench.ports import free_port
from orbital_testbench.programs import MissingProgramError, find_program, skip_or_fail
from orbital_testbench.server import running
from orbital_testbench.snmpd import PASSWORDS, Snmpd

pytestmark = pytest.mark.real

SCRAPE = {
    "snmp_scrape_duration_seconds", "snmp_scrape_walk_duration_seconds", "snmp_scrape_packets_sent",
    "snmp_scrape_packets_retried", "snmp_scrape_pdus_returned",
}  # fmt: skip
OVERRIDE = "override 1.3.6.1.4.1"
ODD = (
    f"{OVERRIDE}.99999.1.1.1 octet_str first",
    f"{OVERRIDE}.99999.1.1.2 octet_str second",
    f"{OVERRIDE}.99999.1.2.1 integer 11",
    f"{OVERRIDE}.99999.1.2.2 octet_str many",
    f"{OVERRIDE}.2021.11.9.0 integer 7",  # its own comes after a minute
)


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    """net-snmp's agent of this machine, with a table that is odd."""
    yield from running(Snmpd(tmp_path_factory.mktemp("snmpd"), extra=ODD))


@pytest.fixture
def device(agent):
    """How the agent is reached."""
    return {"host": agent.host, "port": agent.port, "community": "public"}


async def test_contract(device):
    """The plugin keeps every promise that the SDK checks."""
    dead = {**device, "port": free_port()}
    await check_plugin(
        Snmp,
        {**device, "community": "public"},
        {"timeout": "300ms", "retries": 0},
        unreachable=dead,
    )


async def test_contract_with_secrets(agent):
    """A user's passwords are in no label, no error and no dump."""
    auth, priv = PASSWORDS
    device = {
        "host": agent.host, "port": agent.port, "version": "3", "username": "sha-256-aes",
        "auth_protocol": "SHA256", "auth_password": auth, "priv_protocol": "AES", "priv_password": priv,
    }  # fmt: skip
    await check_plugin(Snmp, device, {"profiles": ["system", "if_mib"]})


async def test_the_original_design(device):
    """Without profiles the predefined metrics are read."""
    got = await collect_once(Snmp, device)
    assert got.error is None
    assert {"cpu_usage", "memory_usage", "interface_in_bytes", "interface_out_bytes"} <= set(
        got.names
    )
    assert got.value("cpu_usage") == 7
    assert 0 < got.value("memory_usage") <= 100
    assert got.value("interface_in_bytes", ifDescr="lo") >= 0
    declared = {metric["name"] for metric in manifest(Snmp)["metrics"]}
    assert {"cpu_usage", "memory_usage", "interface_in_bytes", "interface_out_bytes"} <= declared


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_versions(device, version):
    """B-23: v1, which has no GETBULK, reads the same tables as v2c."""
    got = await collect_once(Snmp, {**device, "version": version}, {"profiles": "if_mib"})
    assert got.error is None
    assert got.value("ifOperStatus", ifDescr="lo") == 1
    high = "ifHCInOctets" in got.names
    assert high is (version == "2c"), "v1 has no 64-bit counters (RFC 2576 4.1.2.1)"


async def test_automatic(device):
    """`auto` chooses by sysObjectID: this is a host with net-snmp."""
    got = await collect_once(Snmp, device, {"profiles": "auto"})
    assert got.error is None
    assert got.value("snmp_scrape_packets_sent", module="netsnmp") > 3
    assert {"sysUpTime", "ifHCInOctets", "hrStorageUsed", "memTotalReal"} <= set(got.names)
    assert got.value("laLoadFloat", laNames="Load-1") >= 0


@pytest.mark.parametrize(
    ("sysobjectid", "names"),
    [
        ("1.3.6.1.4.1.9.1.516", ("cisco",)),
        ("1.3.6.1.4.1.8072.3.2.10", ("netsnmp",)),
        ("1.3.6.1.4.1.2011.2.23.276", ("huawei",)),
        ("1.3.6.1.4.1.476.1.42", ("ups",)),
        ("1.3.6.1.4.1.99999.1", ("system", "if_mib")),
        ("", ("system", "if_mib")),
    ],
)
def test_choice(sysobjectid, names):
    """The profile whose sysObjectID fits closest is chosen, and the general ones for what nobody knows."""
    assert choose(sysobjectid, shipped()) == names


def test_choice_of_ones_own():
    """A user's profile for one model comes before the shipped one for all of its vendor."""
    text = "sysobjectid: [1.3.6.1.4.1.9.1.516]\nextends: [system]"
    mine = parse(text, source="mine.yaml", name="mine")
    assert choose("1.3.6.1.4.1.9.1.516", {**shipped(), "mine": mine}) == ("mine",)


async def test_scrape_metrics(device):
    """Each poll tells what it cost, as snmp_exporter names it, and how each table fared."""
    got = await collect_once(Snmp, device, {"profiles": ["system", "if_mib"]})
    assert set(got.names) >= SCRAPE
    for name in SCRAPE:
        assert got.value(name, module="system,if_mib") >= 0
    assert got.value("snmp_scrape_packets_retried") == 0
    assert got.value("snmp_scrape_pdus_returned") >= len(got.samples) - len(SCRAPE) - 1
    assert got.value("snmp_table_up", table="interfaces") == 1


async def test_series_are_made_once(device):
    """A task's next run gives the same series again, so that nothing behind is built twice."""
    plugin = Snmp(SnmpConfig(profiles=("if_mib",)))
    fields = SnmpDevice.model_validate(device)
    await plugin.start(FakeHost())
    session, other = await plugin.open(fields), await plugin.open(fields)
    first, second = [await session.collect(make_context()) for _ in range(2)]
    assert all(a is b for a, b in zip(first.series, second.series, strict=True))
    third = await other.collect(make_context())
    assert third.series == second.series
    await plugin.stop()


async def test_no_answer(device):
    """A wrong community and a port where nobody listens are devices that do not answer, and say so."""
    quick = {"timeout": "50ms", "retries": 1}
    for wrong in ({"community": "wrong"}, {"port": free_port()}):
        got = await collect_once(Snmp, {**device, **wrong}, quick)
        assert isinstance(got.error, DeviceUnreachable)
        assert "127.0.0.1" in str(got.error)
        assert not got.samples


async def test_a_part_that_is_hidden(device):
    """A view that shows only the system group gives that, and nothing else, without an error."""
    limited = {**device, "community": "limited"}
    got = await collect_once(Snmp, limited, {"profiles": ["system", "if_mib"]})
    assert got.error is None
    assert got.value("sysLocation", sysLocation="Rack 7") == 1
    assert "ifInOctets" not in got.names
    assert "snmp_table_up" not in got.names


TABLE = {
    "name": "odd",
    "tables": [{
        "name": "odd", "index": [{"label": "row"}],
        "labels": [{"label": "called", "oid": "1.3.6.1.4.1.99999.1.1"}],
        "metrics": [{"name": "odd_value", "oid": "1.3.6.1.4.1.99999.1.2"}],
    }],
}  # fmt: skip


async def test_a_profile_of_the_tasks_own(device):
    """A profile may be written in the task; a value that is no number is counted and left out."""
    got = await collect_once(Snmp, device, {"profiles": [TABLE]})
    assert got.error is None
    assert got.value("odd_value", row="1", called="first") == 11
    assert got.value("snmp_scrape_values_refused", reason="odd_value is no number") == 1
    assert len([s for s in got.samples if s.series.metric.name == "odd_value"]) == 1


async def test_objects(device):
    """Single OIDs are read without a profile: scalars, whole columns, and what does not exist."""
    oids = [
        "1.3.6.1.2.1.1.3.0",
        "1.3.6.1.2.1.1.5",
        "1.3.6.1.4.1.99999.7.0",
        "1.3.6.1.4.1.99999.1.2.1",
    ]
    column = {"oid": "1.3.6.1.4.1.99999.1.2", "name": "whole", "indexed": True}
    got = await collect_once(Snmp, device, {"oids": [*oids, column]})
    assert got.error is None
    assert got.value("sysUpTime") > 0
    assert "sysName" in got.names
    assert got.value("snmp_oid_1_3_6_1_4_1_99999_1_2_1") == 11
    assert got.value("whole", index="1") == 11
    assert not any("99999_7" in name for name in got.names)


async def test_filters(device):
    """Only rows that pass are told: interfaces that are up, or are called in some way."""
    where = [{"column": "ifOperStatus", "equals": "up"}, {"column": "ifDescr", "matches": "l.*"}]
    table = shipped()["if_mib"].model_dump(exclude_defaults=True)["tables"][0] | {"where": where}
    got = await collect_once(Snmp, device, {"profiles": {"tables": [table]}})
    assert got.error is None
    assert {s.series.values[2] for s in got.samples if s.series.metric.name == "ifMtu"} == {"lo"}


async def test_unknown_profile(device, tmp_path):
    """A profile that nobody has is refused with the one that was meant, before anything starts."""
    said = "no profile 'if_mb'; did you mean if_mib"
    with pytest.raises(ValidationError, match=said):
        SnmpConfig.model_validate({"profiles": ["if_mb"]})
    folder = {"profiles": ["if_mb"], "profile_folder": str(tmp_path)}
    plugin = Snmp(SnmpConfig.model_validate(folder))
    with pytest.raises(ConfigurationError, match=said) as caught:
        plugin.validate_device(SnmpDevice.model_validate(device))
    assert caught.value.field == "profiles"
    (tmp_path / "if_mb.yaml").write_text("tables:\n  - nam: x\n")
    with pytest.raises(ConfigurationError, match=r"if_mb\.yaml:2: .*did you mean name"):
        plugin.validate_device(SnmpDevice.model_validate(device))


async def test_a_folder_of_ones_own(device, tmp_path):
    """Profiles in a folder are known by their files' names, and one may replace a shipped one."""
    scalar = "scalars: [{name: mine, oid: 1.3.6.1.2.1.1.3}]"
    for name in ("mine", "system"):
        (tmp_path / f"{name}.yaml").write_text(scalar)
    for name in ("mine", "system"):
        config = {"profiles": [name], "profile_folder": str(tmp_path)}
        got = await collect_once(Snmp, device, config)
        assert got.value("mine") > 0
        assert "sysName" not in got.names


async def test_what_one_user_does_not_see_another_may(device, tmp_path):
    """A table that a community may not read is not one that the device lacks; no secret is remembered."""
    remembering = type("Remembering", (Snmp,), {"folder": tmp_path})
    config = {"profiles": ["if_mib"]}
    limited = await collect_once(remembering, {**device, "community": "limited"}, config)
    assert "ifInOctets" not in limited.names
    whole = await collect_once(remembering, device, config)
    assert "ifInOctets" in whole.names
    assert not any("limited" in stored.read_text() for stored in tmp_path.rglob("*.json"))


async def test_connection(device):
    """Testing a connection says in one line who answered."""
    plugin = Snmp(SnmpConfig(timeout=0.3, retries=0))
    await plugin.start(FakeHost())
    said = await (await plugin.open(SnmpDevice.model_validate(device))).test(make_context())
    assert re.fullmatch(r"\S+ answers by SNMP v2c, up \w+: Linux .*", said)
    dead = await plugin.open(SnmpDevice.model_validate({**device, "port": free_port()}))
    with pytest.raises(DeviceUnreachable):
        await dead.test(make_context())
    await plugin.stop()


async def test_a_device_that_starts_again(agent, device):
    """A device that starts again between two polls is read on, with its counters from where they are."""
    plugin = Snmp(SnmpConfig(profiles="auto"))
    await plugin.start(FakeHost())
    session = await plugin.open(SnmpDevice.model_validate(device))
    before = await session.collect(make_context())
    await asyncio.to_thread(agent.restart)
    after = await session.collect(make_context())
    again = await session.collect(make_context())
    assert set(after.series) == set(before.series) == set(again.series)
    await plugin.stop()


async def test_after_an_outage(agent, device):
    """A device that was away is down, whatever it lacks, and is asked for as much at once as before."""
    plugin = Snmp(SnmpConfig(profiles=("if_mib", "lldp")))
    await plugin.start(FakeHost())
    session = await plugin.open(SnmpDevice.model_validate(device))

    async def packets():
        got = await session.collect(make_context())
        return dict(zip([s.metric.name for s in got.series], got.values, strict=True))[
            "snmp_scrape_packets_sent"
        ]

    await packets()
    before = await packets()
    agent.pause()
    try:
        for _ in range(6):
            with pytest.raises(DeviceUnreachable):
                await session.collect(make_context(timeout=0.1))
    finally:
        agent.resume()
    await packets()
    assert await packets() <= before
    await plugin.stop()


async def test_cut_short(agent, device):
    """A device that stops in mid-poll leaves what came, says what is missing, and frees its slot in time."""
    plugin = Snmp(SnmpConfig(profiles=("if_mib", "hrsystem"), timeout=0.2, retries=0))
    await plugin.start(FakeHost())
    pool = plugin._lease.pool
    real, calls = pool.reader, []

    def reader(*args):
        """The pool's own reader, with the agent paused before the second table."""
        made = real(*args)
        walk = made.walk

        async def counted(columns, *, table=""):
            calls.append(table)
            if len(calls) == 2:
                await asyncio.to_thread(agent.pause)
            return await walk(columns, table=table)

        made.walk = counted
        return made

    pool.reader = reader
    session = await plugin.open(SnmpDevice.model_validate(device))
    try:
        with pytest.raises(PartialCollect) as caught:
            await session.collect(make_context(timeout=5))
    finally:
        agent.resume()
        await plugin.stop()
    assert "storage: " in str(caught.value)
    up = {
        s.series.values[0]: s.value
        for s in caught.value.samples
        if "table_up" in s.series.metric.name
    }
    assert up["storage"] == 0


LINE = re.compile(r"\.([\d.]+) = (?:(?:Counter|Gauge)\d\d|INTEGER|Timeticks): \(?(-?\d+)")


async def test_an_independent_reader(agent, device):
    """What snmpbulkwalk reads is what we tell, cell by cell, of all that does not move."""
    try:
        program = find_program("snmpbulkwalk", "snmp")
    except MissingProgramError as missing:
        skip_or_fail(missing)
    got = await collect_once(Snmp, device, {"profiles": "if_mib"})
    command = [
        program,
        "-v2c",
        "-cpublic",
        "-On",
        "-Oe",
        "-OU",
        "-m",
        "",
        f"{agent.host}:{agent.port}",
        "1.3.6.1.2.1.2.2",
    ]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    text = (await process.communicate())[0].decode()
    table = shipped()["if_mib"].tables[0]
    oids = {value.name: value.oid for value in table.metrics if value.type in ("gauge", "counter")}
    theirs = {
        match[1]: int(match[2])
        for match in LINE.finditer(text)
        if match[1].rpartition(".")[0] in oids.values()
    }
    ours = {
        f"{oids[s.series.metric.name]}.{s.series.values[0]}": s.value
        for s in got.samples
        if s.series.metric.name in oids
        and oids[s.series.metric.name].startswith("1.3.6.1.2.1.2.2.")
    }
    assert ours.keys() == theirs.keys()
    moving = {oids[name] for name in oids if "Octets" in name or "Pkts" in name}
    still = [oid for oid in ours if oid.rpartition(".")[0] not in moving]
    assert len(still) >= 10
    assert {oid: ours[oid] for oid in still} == {oid: theirs[oid] for oid in still}
