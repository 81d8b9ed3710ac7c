"""Real devices, recorded: snmpsim plays them, and every one is read without an error of ours.

`ORBITAL_ALL_RECORDINGS=1` takes all 116 instead of those below, for which snmpsim needs minutes to start.
"""

from __future__ import annotations

import math
import os
from itertools import islice

import pytest

from orbital_plugin_snmp import Snmp, oids
from orbital_plugin_snmp.lldp.neighbours import COLUMNS, PORTS
from orbital_plugin_snmp.profiles.loading import shipped
from orbital_sdk import PartialCollect
from orbital_sdk.testing import collect_once
from orbital_testbench.programs import MissingProgramError, skip_or_fail
from orbital_testbench.snmpsim import SnmpSim, recordings

pytestmark = pytest.mark.real

CHOSEN = (
    "apc-8932", "arista-dcs-7150s-52-cl", "cisco-c3560", "cisco-n5000", "clavister-amaranten",
    "eastpower-istars-swv053", "geist-temperature-sensor", "h3c-e528-2", "hikvision",
    "hpe-procurve-516733-b21", "huawei-s5720", "netapp-fas3270", "nsfocus-ads", "paloalto-pa-5000",
    "ruijie-s5750-24gt12sfp", "slackware", "vertiv-power", "XP",
)  # fmt: skip
GENERAL = [
    "system",
    "if_mib",
    "ip",
    "hrsystem",
    "ucd",
    "ups",
    "entity_sensor",
    "bgp4",
    "printer",
    "lldp",
]
NONSENSE = {"hrSystemDate makes no sense", "laLoadFloat is no number"}
"""Dates of zeros, and a load that is empty."""
UNORDERED = {"cisco-controller", "ruijie-n18010"}
"""Recorded with OIDs that do not increase: what came before is kept, and the table told to be incomplete."""
EVERY = bool(os.environ.get("ORBITAL_ALL_RECORDINGS"))


def columns_of_profiles():
    """Every column and scalar that a shipped profile reads."""
    found = {oids.text(column) for column in (*COLUMNS, *PORTS)}
    for profile in shipped().values():
        for value in profile.scalars:
            found |= {value.oid, value.fallback, value.free_of}
        for table in profile.tables:
            changed = (table.changed or "").removesuffix(".0")
            found |= {changed, table.discontinuity, *(label.oid for label in table.labels)}
            found |= {oid for value in table.metrics for oid in (value.oid, value.fallback)}
    return sorted(oid for oid in found if oid)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory):
    """Recordings by name -> the simulator that plays them; a dozen each, since it is slow to start."""
    names = iter(recordings() if EVERY else CHOSEN)
    started, playing = [], {}
    try:
        while some := list(islice(names, 12 if EVERY else len(CHOSEN))):
            folder = tmp_path_factory.mktemp("snmpsim")
            server = SnmpSim(folder, some, below=columns_of_profiles()).start()
            started.append(server)
            playing |= dict.fromkeys(some, server)
    except MissingProgramError as missing:
        skip_or_fail(missing)
    yield playing
    for server in started:
        server.close()


def recorded(simulator, name, profiles, **changes):
    """A recording read with these profiles."""
    server = simulator[name]
    device = {"host": server.host, "port": server.port, "community": name, **changes}
    return collect_once(Snmp, device, {"profiles": profiles, "timeout": "5s"}, timeout=60)


async def test_every_recording(simulator):
    """Each is read with what `auto` chooses and all general profiles; nothing fails but what is out of order
    in the recording, and nothing is refused but what makes no sense in it.
    """
    problems, refused = {}, {}
    for name in simulator:
        got = await recorded(simulator, name, ["auto", *GENERAL])
        if name in UNORDERED:
            assert isinstance(got.error, PartialCollect)
            assert "its OIDs do not increase" in str(got.error)
        elif got.error is not None or len(got.samples) < 6:
            problems[name] = got.error or f"only {len(got.samples)} samples"
        for sample in got.samples:
            assert not math.isnan(sample.value), sample.series
            if sample.series.metric.name == "snmp_scrape_values_refused":
                refused.setdefault(sample.series.values[0], set()).add(name)
    assert not problems
    assert refused.keys() <= NONSENSE


VENDORS = {
    "apc-8932": ("rPDU2PhaseStatusVoltage", {"rPDU2PhaseStatusIndex": "1"}, 121),
    "cisco-c3560": ("cpmCPUTotal5minRev", {"cpmCPUTotalIndex": "1"}, None),
    "eastpower-istars-swv053": ("upsInputFrequency", {"upsInputLineIndex": "1"}, 50),
    "geist-temperature-sensor": ("tempSensorName", {}, None),
    "h3c-e528-2": ("hh3cEntityExtCpuUsage", {}, None),
    "huawei-s5720": ("hwEntityCpuUsage", {}, None),
    "netapp-fas3270": ("cpuBusyTimePerCent", {}, None),
    "nsfocus-ads": ("laLoadFloat", {"laIndex": "1"}, 6.55),
    "paloalto-pa-5000": ("panSessionActive", {}, 81258),
    "ruijie-s5750-24gt12sfp": ("ruijieCPUUtilization5Sec", {}, 27),
    "XP": ("hrStorageUsed", {}, None),
}


@pytest.mark.parametrize("name", VENDORS)
async def test_vendors(simulator, name):
    """`auto` finds the vendor's profile, and its metrics come with the recorded values."""
    metric, labels, value = VENDORS[name]
    got = await recorded(simulator, name, ["auto", "ups", "ucd"])
    assert got.error is None
    if value is None:
        names = {*got.names, *(label for s in got.samples for label in s.series.metric.labels)}
        assert metric in names
    else:
        assert got.value(metric, **labels) == pytest.approx(value)


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_lldp_of_a_real_switch(simulator, version):
    """B-20 to B-23: the neighbours of an Arista switch, by v2c and v1, with older sentinels' labels."""
    got = await recorded(simulator, "arista-dcs-7150s-52-cl", "lldp", version=version)
    assert got.error is None
    assert got.value("lldp_neighbor_count") == 2
    first = got.value(
        "lldp_neighbor",
        local_interface="Ethernet47",
        neighbor_chassis_id="44:4c:a8:31:3e:df",
        neighbor_port_id="Ethernet23",
        neighbor_system_name="ZJ-BP-Bak-Arista",
        neighbor_mgmt_addr="172.16.229.22",
    )
    assert first == 1


@pytest.mark.parametrize(
    ("name", "count"), [("hpe-procurve-516733-b21", 5), ("cisco-n5000", 9), ("h3c-e528-2", 1)]
)
async def test_lldp_of_others(simulator, name, count):
    """Each neighbour of other makes is found once, with an id and a local port."""
    got = await recorded(simulator, name, "lldp")
    found = [s.series for s in got.samples if s.series.metric.name == "lldp_neighbor"]
    assert got.value("lldp_neighbor_count") == count == len(found)
    for one in found:
        labels = dict(zip(one.metric.labels, one.values, strict=True))
        assert labels["local_interface"]
        assert labels["neighbor_chassis_id"]
        assert "<nil>" not in labels.values()
