"""Real devices, recorded: snmpsim plays them, and every one is read without an error of ours.

`ORBITAL_ALL_RECORDINGS=1` takes all 116 instead of those below, for which snmpsim needs minutes to start. Of
printers and BGP routers snmpsim has none: `recordings/` has one of each, written from RFC 3805 and RFC 4273.
"""

from __future__ import annotations

import math
import os
from itertools import islice
from pathlib import Path

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
    "apc-7902b", "apc-8932", "arista-dcs-7150s-52-cl", "aruba-7210", "cisco-c3560", "cisco-n5000",
    "clavister-amaranten", "eastpower-istars-swv053", "fortinet-xcu", "geist-temperature-sensor",
    "h3c-comware-7-1-075", "h3c-e528-2", "hikvision", "hpe-procurve-516733-b21", "huawei-gse200m",
    "huawei-s5720", "juniper-mx960-13-3r9-13", "netapp-fas3270", "nsfocus-ads", "paloalto-pa-5000",
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
ROWS = 25
"""Of each column: snmpsim is slow."""
OWN = tuple(sorted((Path(__file__).parent / "recordings").glob("*.snmprec")))
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
    names = iter([*(recordings() if EVERY else CHOSEN), *OWN])
    started, playing = [], {}
    try:
        while some := list(islice(names, 13)):
            folder = tmp_path_factory.mktemp("snmpsim")
            server = SnmpSim(folder, some, below=columns_of_profiles(), rows=ROWS).start()
            started.append(server)
            playing |= dict.fromkeys((one.stem if one in OWN else one for one in some), server)
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


@pytest.fixture(scope="module")
def read(simulator):
    """Reads a recording, once, with what `auto` chooses and all general profiles."""
    known = {}

    async def reader(name):
        if name not in known:
            known[name] = await recorded(simulator, name, ["auto", *GENERAL])
        return known[name]

    return reader


async def test_every_recording(simulator, read):
    """Each is read with what `auto` chooses and all general profiles; nothing fails but what is out of order
    in the recording, and nothing is refused but what makes no sense in it.
    """
    problems, refused = {}, {}
    for name in simulator:
        got = await read(name)
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


BLACK = {"prtMarkerSuppliesIndex": "1", "prtMarkerSuppliesDescription": "Black toner"}
FAR = {"bgpPeerRemoteAddr": "198.51.100.255", "bgpPeerRemoteAs": "65535"}
TOLD = [
    ("apc-8932", "rPDU2PhaseStatusVoltage", {"rPDU2PhaseStatusIndex": "1"}, 121),
    ("apc-8932", "rPDULoadStatusLoad", {"rPDULoadStatusIndex": "1"}, 1.4),
    ("aruba-7210", "sysExtProcessorLoad", {"sysExtProcessorDescr": "Supervisor Card CPU"}, 8),
    ("bgp4", "bgpPeerState", {"bgpPeerRemoteAddr": "192.0.2.130"}, 1),
    ("bgp4", "bgpPeerInTotalMessages", FAR, 2**32 - 1),
    ("bgp4", "bgpLocalAs", {}, 64512),
    ("cisco-c3560", "cpmCPUTotal5minRev", {"cpmCPUTotalIndex": "1"}, None),
    ("eastpower-istars-swv053", "upsInputFrequency", {"upsInputLineIndex": "1"}, 50),
    ("fortinet-xcu", "fgSysMemCapacity", {}, 66016264),
    ("geist-temperature-sensor", "tempSensorTemp", {"tempSensorName": "Above Rack 02"}, None),
    ("h3c-e528-2", "hh3cEntityExtCpuUsage", {"entPhysicalIndex": "1"}, None),
    ("huawei-s5720", "hwEntityCpuUsage", {"entPhysicalName": "MPU Board 0"}, 38),
    ("juniper-mx960-13-3r9-13", "jnxOperatingState", {"jnxOperatingDescr": "PEM 0"}, 2),
    ("netapp-fas3270", "dfPerCentKBytesCapacity", {"dfFileSys": "aggr0sas"}, 69),
    ("nsfocus-ads", "laLoadFloat", {"laIndex": "1"}, 6.55),
    ("paloalto-pa-5000", "panSessionActive", {}, 81258),
    ("printer", "prtMarkerSuppliesLevel", BLACK, 4320),
    ("printer", "prtInputCurrentLevel", {"prtInputName": "Bypass"}, -3),
    ("printer", "hrPrinterDetectedErrorState", {"hrPrinterDetectedErrorState": "doorOpen"}, 1),
    ("printer", "prtMarkerLifeCount", {"hrDeviceIndex": "1", "prtMarkerIndex": "1"}, 184467),
    ("ruijie-s5750-24gt12sfp", "ruijieCPUUtilization5Sec", {}, 27),
    ("XP", "hrStorageAllocationUnits", {"hrStorageDescr": "Virtual Memory"}, 65536),
]
"""Recording, metric, labels, value; None where snmpsim varies it."""


@pytest.mark.parametrize(("name", "metric", "labels", "value"), TOLD)
async def test_vendors(read, name, metric, labels, value):
    """`auto` finds the vendor's profile, and its metrics come with the recorded values."""
    got = await read(name)
    assert got.error is None
    found = [
        sample.value
        for sample in got.samples
        if sample.series.metric.name == metric
        and labels.items()
        <= dict(zip(sample.series.metric.labels, sample.series.values, strict=True)).items()
    ]
    assert found[0] == value or value is None


@pytest.mark.parametrize(
    ("name", "metrics"),
    [
        ("apc-7902b", {"rPDU2DeviceStatusPower", "rPDU2PhaseStatusVoltage"}),
        ("h3c-comware-7-1-075", {"hh3cEntityExtTemperature"}),
        ("huawei-gse200m", {"upsEstimatedChargeRemaining", "upsEstimatedMinutesRemaining"}),
    ],
)
async def test_what_a_device_does_not_know(read, name, metrics):
    """-1 for "not supported" is no power, voltage or charge, and 65535 no temperature."""
    got = await read(name)
    assert metrics.isdisjoint(got.names)


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_lldp_of_a_real_switch(simulator, version):
    """B-20 to B-23: the neighbours of a Nexus switch, by v2c and v1, with older sentinels' labels."""
    got = await recorded(simulator, "cisco-n5000", "lldp", version=version)
    assert got.error is None
    assert got.value("lldp_neighbor_count") == 9
    second = got.value(
        "lldp_neighbor",
        local_interface="Ethernet1/1",
        neighbor_chassis_id="58:6a:b1:4f:3d:91",
        neighbor_port_id="Ten-GigabitEther",
        neighbor_port_desc="Ten-GigabitEthernet1/0/49 Interface",
        neighbor_system_name="H3C-1",
        neighbor_mgmt_addr="10.40.1.24",
    )
    assert second == 2


@pytest.mark.parametrize(
    ("name", "count"), [("hpe-procurve-516733-b21", 5), ("cisco-n5000", 9), ("h3c-e528-2", 1)]
)
async def test_lldp_of_others(read, name, count):
    """Each neighbour of other makes is found once, with an id and a local port."""
    got = await read(name)
    found = [s.series for s in got.samples if s.series.metric.name == "lldp_neighbor"]
    assert got.value("lldp_neighbor_count") == count == len(found)
    for one in found:
        labels = dict(zip(one.metric.labels, one.values, strict=True))
        assert labels["local_interface"]
        assert labels["neighbor_chassis_id"]
        assert "<nil>" not in labels.values()
