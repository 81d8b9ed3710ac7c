"""The same device read by snmp_exporter and by us: the same series, the same values."""

from __future__ import annotations

import asyncio
import re

import pytest
import yaml

from orbital_plugin_snmp import Snmp
from orbital_plugin_snmp.profiles.loading import shipped
from orbital_sdk.testing import collect_once
from orbital_testbench.programs import MissingProgramError, skip_or_fail
from orbital_testbench.server import running
from orbital_testbench.snmp_exporter import SnmpExporter
from orbital_testbench.snmpd import Snmpd

pytestmark = pytest.mark.real

COUNTERS = re.compile(r"if(HC)?(In|Out)(?!QLen)[A-Z]")
IF_TABLE = (  # noqa: SIM905 (a list would be three times as long)
    "ifIndex ifDescr ifType ifMtu ifSpeed ifPhysAddress ifAdminStatus ifOperStatus ifLastChange ifInOctets"
    " ifInUcastPkts ifInNUcastPkts ifInDiscards ifInErrors ifInUnknownProtos ifOutOctets ifOutUcastPkts"
    " ifOutNUcastPkts ifOutDiscards ifOutErrors ifOutQLen ifSpecific"
).split()
IF_X_TABLE = (  # noqa: SIM905 (as above)
    "ifName ifInMulticastPkts ifInBroadcastPkts ifOutMulticastPkts ifOutBroadcastPkts ifHCInOctets"
    " ifHCInUcastPkts ifHCInMulticastPkts ifHCInBroadcastPkts ifHCOutOctets ifHCOutUcastPkts"
    " ifHCOutMulticastPkts ifHCOutBroadcastPkts ifLinkUpDownTrapEnable ifHighSpeed ifPromiscuousMode"
    " ifConnectorPresent ifAlias ifCounterDiscontinuityTime"
).split()
"""The objects of both tables by their column, from 1: RFC 2863."""
KINDS = {"ifType": "EnumAsInfo", "ifPhysAddress": "PhysAddress48", "ifSpecific": "DisplayString"}
LOOKED_UP = {"ifAlias": "31.1.1.1.18", "ifDescr": "2.2.1.2", "ifName": "31.1.1.1.1"}
MOVES = re.compile(r"sysUpTime|snmp_|.*(Octets|Pkts)\b")  # what goes on between the two of them
LINE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
PAIR = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def module():
    """snmp_exporter's module if_mib, written by hand: Debian's package has none."""
    columns = {f"1.3.6.1.2.1.2.2.1.{n}": name for n, name in enumerate(IF_TABLE, 1)}
    columns |= {f"1.3.6.1.2.1.31.1.1.1.{n}": name for n, name in enumerate(IF_X_TABLE, 1)}
    metrics = [_metric(oid, name) for oid, name in columns.items() if name not in LOOKED_UP]
    scalars = (("sysUpTime", "1.3"), ("ifNumber", "2.1"))
    metrics += [
        {"name": name, "oid": f"1.3.6.1.2.1.{oid}", "type": "gauge", "help": name}
        for name, oid in scalars
    ]
    return {
        "walk": ["1.3.6.1.2.1.2", "1.3.6.1.2.1.31.1.1"],
        "get": ["1.3.6.1.2.1.1.3.0"],
        "metrics": metrics,
    }


def _metric(oid, name):
    kind = KINDS.get(name) or ("counter" if COUNTERS.match(name) else "gauge")
    metric = {"name": name, "oid": oid, "type": kind, "help": name}
    if name == "ifType":
        metric["enum_values"] = {
            6: "ethernetCsmacd",
            24: "softwareLoopback",
            131: "tunnel",
            209: "bridge",
        }
    return metric | {
        "indexes": [{"labelname": "ifIndex", "type": "gauge"}],
        "lookups": [
            {"labels": ["ifIndex"], "labelname": label, "oid": f"1.3.6.1.2.1.{oid}", "type": "DisplayString"}
            for label, oid in LOOKED_UP.items()
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    """net-snmp's agent of this machine."""
    yield from running(Snmpd(tmp_path_factory.mktemp("snmpd")))


@pytest.fixture
def exporter(tmp_path):
    """snmp_exporter with the module if_mib, and whatever else a test adds."""
    started = []

    def start(**modules):
        auths = {"public": {"community": "public", "version": 2}}
        config = yaml.safe_dump({"auths": auths, "modules": modules})
        server = SnmpExporter(tmp_path / "exporter", config)
        try:
            started.append(server.start())
        except MissingProgramError as missing:
            skip_or_fail(missing)
        return server

    yield start
    for server in started:
        server.close()


def series(name, labels):
    """A series without empty labels, which are none."""
    return name, tuple(sorted((k, v) for k, v in labels.items() if v))


def theirs(text):
    """Series and values out of the text format."""
    found = {}
    for line in text.splitlines():
        match = None if line.startswith("#") else LINE.fullmatch(line)
        if match:
            found[series(match[1], dict(PAIR.findall(match[2] or "")))] = float(match[3])
    return found


def ours(samples):
    """Series and values of a collection."""
    return {
        series(one.metric.name, dict(zip(one.metric.labels, one.values, strict=True))): float(value)
        for one, value in ((sample.series, sample.value) for sample in samples)
    }


async def both(agent, exporter, config, *names):
    """What each of the two gives for the device."""
    device = {"host": agent.host, "port": agent.port, "community": "public"}
    got = await collect_once(Snmp, device, config, timeout=20)
    assert got.error is None
    text = await asyncio.to_thread(exporter.scrape, f"{agent.host}:{agent.port}", ",".join(names))
    return ours(got.samples), theirs(text)


async def test_if_mib(agent, exporter):
    """if_mib gives snmp_exporter's very series, and its values where nothing moves between two readings."""
    mine, peer = await both(agent, exporter(if_mib=module()), {"profiles": "if_mib"}, "if_mib")
    own = {key for key in mine if key[0] in ("snmp_table_up", "snmp_scrape_values_refused")}
    assert mine.keys() - own == peer.keys()
    still = {key for key in peer if not MOVES.match(key[0])}
    assert len(still) > 20
    assert {key: mine[key] for key in still} == {key: peer[key] for key in still}
    for key in peer.keys() - still:
        if not key[0].startswith("snmp_"):
            assert mine[key] <= peer[key], f"we were first, so {key} cannot be larger"


SYSTEM = {
    "get": [f"1.3.6.1.2.1.1.{n}.0" for n in range(1, 8)],
    "metrics": [
        {"name": name, "oid": f"1.3.6.1.2.1.1.{n}", "type": kind, "help": name}
        for n, name, kind in (
            (1, "sysDescr", "DisplayString"), (2, "sysObjectID", "DisplayString"),
            (3, "sysUpTime", "gauge"), (4, "sysContact", "DisplayString"),
            (5, "sysName", "DisplayString"), (6, "sysLocation", "DisplayString"), (7, "sysServices", "gauge"),
        )
    ],
}  # fmt: skip


async def test_system(agent, exporter):
    """Texts and OIDs are labels of samples that are 1, as snmp_exporter has them."""
    mine, peer = await both(agent, exporter(system=SYSTEM), {"profiles": "system"}, "system")
    assert mine.keys() == peer.keys()
    assert all(mine[key] == peer[key] for key in peer if not MOVES.match(key[0]))


INET = [
    {"labelname": "localAddress", "type": "InetAddress"},
    {"labelname": "localPort", "type": "gauge"},
]
KINDS_OF = {
    "states": ("EnumAsStateSet", "1.3.6.1.2.1.2.2.1.8", {"enum": {1: "up", 2: "down", 5: "dormant"}}),
    "infos": ("EnumAsInfo", "1.3.6.1.2.1.2.2.1.7", {"enum": {1: "up"}}),
    "octets": ("OctetString", "1.3.6.1.2.1.2.2.1.6", {}),
    "scaled": ("gauge", "1.3.6.1.2.1.2.2.1.4", {"scale": 0.1, "offset": 5.0}),
    "numbers": ("DisplayString", "1.3.6.1.2.1.2.2.1.2", {"extract": [
        {"suffix": "_digit", "regex": "[a-z]+([0-9]+)"}, {"suffix": "_is_lo", "regex": "lo", "value": "1"},
        {"suffix": "_is_lo", "regex": ".*", "value": "0"},
    ]}),
}  # fmt: skip


async def test_kinds(agent, exporter):
    """State sets, infos, octets, scale, offset and extracts of a task's own profile are the exporter's."""
    table = {"name": "t", "index": [{"label": "ifIndex"}], "metrics": [
        {"name": name, "oid": oid, "type": kind, **more} for name, (kind, oid, more) in KINDS_OF.items()
    ]}  # fmt: skip
    metrics = []
    for name, (kind, oid, more) in KINDS_OF.items():
        metric = {"name": name, "oid": oid, "type": kind, "help": name}
        metric["indexes"] = [{"labelname": "ifIndex", "type": "gauge"}]
        metric |= {"enum_values": more["enum"]} if "enum" in more else {}
        metric |= {key: more[key] for key in ("scale", "offset") if key in more}
        rules = {}
        for rule in more.get("extract", ()):
            part = {"regex": rule["regex"], "value": rule.get("value", "$1")}
            rules.setdefault(rule["suffix"], []).append(part)
        metrics.append(metric | ({"regex_extracts": rules} if rules else {}))
    mine, peer = await both(
        agent,
        exporter(kinds={"walk": ["1.3.6.1.2.1.2.2.1"], "metrics": metrics}),
        {"profiles": {"name": "kinds", "tables": [table]}},
        "kinds",
    )
    assert mine.keys() - peer.keys() == {series("snmp_table_up", {"table": "t"})}
    assert peer.keys() <= mine.keys()
    assert all(mine[k] == pytest.approx(peer[k]) for k in peer if not k[0].startswith("snmp_"))


def test_our_profile_is_the_module():
    """Names, OIDs and kinds of the shipped profile are those of the MIB, column by column."""
    written = {m["oid"]: (m["name"], m["type"]) for m in module()["metrics"]}
    profile = shipped()["if_mib"]
    values = [*profile.scalars, *profile.tables[0].metrics]
    assert {value.oid: (value.name, value.type) for value in values} == written
