"""Neighbours out of LLDP-MIB."""

from __future__ import annotations

from orbital_plugin_snmp.lldp.neighbours import neighbours
from orbital_plugin_snmp.polling.task import PollTask
from orbital_plugin_snmp.profiles.loading import shipped
from orbital_plugin_snmp.tables.families import Families
from orbital_plugin_snmp.tables.plan import compile_profiles
from orbital_plugin_snmp.testing import FakeReader

LOCAL, REMOTE = "1.0.8802.1.1.2.1.3.7.1", "1.0.8802.1.1.2.1.4.1.1"
MANAGEMENT, IF_NAME = "1.0.8802.1.1.2.1.4.2.1.3", "1.3.6.1.2.1.31.1.1.1.1"
MAC = bytes.fromhex("001b213c9df8")


def neighbour(index, chassis=(4, MAC), port=(5, "Gi0/12"), name="sw2", desc="IOS", about="to sw1"):
    """The columns that an agent has of one neighbour: those of its index are not accessible, so not there."""
    values = {4: chassis[0], 5: chassis[1], 6: port[0], 7: port[1], 8: about, 9: name, 10: desc}
    return {f"{REMOTE}.{column}.{index}": value for column, value in values.items()}


def local(number, subtype, own, description=""):
    """The columns of one of the device's own ports."""
    return {
        f"{LOCAL}.2.{number}": subtype,
        f"{LOCAL}.3.{number}": own,
        f"{LOCAL}.4.{number}": description,
    }


async def read(objects):
    """The neighbours and their count."""
    plan = compile_profiles([shipped()["lldp"]], Families())
    polled = await PollTask(plan, refresh=600, wrap=True).poll(FakeReader(objects))
    out = polled.output
    found = [
        ({k: v for k, v in zip(s.metric.labels, s.values, strict=True) if v}, value)
        for s, value in zip(out.series, out.values, strict=True)
        if s.metric.name == "lldp_neighbor"
    ]
    return found, out.values[-1] if out.series[-1].metric.name == "lldp_neighbor_count" else None


async def test_b20_accessible_columns():
    """B-20: neighbours of an agent that has only the accessible columns are found."""
    found, count = await read(neighbour("0.7.1") | local(7, 5, "Gi0/7"))
    assert count == 1
    assert found == [(
        {"local_interface": "Gi0/7", "neighbor_chassis_id": "00:1b:21:3c:9d:f8", "neighbor_port_id": "Gi0/12",
         "neighbor_system_name": "sw2", "neighbor_system_desc": "IOS", "neighbor_port_desc": "to sw1"}, 1.0,
    )]  # fmt: skip


async def test_b21_index():
    """B-21: the index is time mark, local port and number: each neighbour has its own port and row."""
    objects = neighbour("1169175.24.3", name="b") | neighbour("0.7.9", name="a")
    objects |= local(7, 5, "Gi0/7") | local(24, 5, "Gi0/24")
    found, count = await read(objects)
    assert [(labels["local_interface"], labels["neighbor_system_name"]) for labels, _ in found] == [
        ("Gi0/7", "a"),
        ("Gi0/24", "b"),
    ]
    assert [value for _, value in found] == [1, 2]
    assert count == 2


async def test_b21_missing_values():
    """B-21: what an agent does not have is an absent label, and never the text `<nil>`."""
    found, _ = await read({f"{REMOTE}.4.0.7.1": 4, f"{REMOTE}.5.0.7.1": MAC})
    assert found == [({"local_interface": "7", "neighbor_chassis_id": "00:1b:21:3c:9d:f8"}, 1.0)]


async def test_b22_columns():
    """B-22: the ids are told and not their subtypes; the management address is the one in the index."""
    objects = neighbour("0.7.1") | {
        f"{MANAGEMENT}.0.7.1.2.16.{'.'.join(['0'] * 15)}.1": 2,
        f"{MANAGEMENT}.0.7.1.1.4.192.0.2.1": 2,
        f"{MANAGEMENT}.0.7.1.1.9.192.0.2.1": 2,
        "1.0.8802.1.1.2.1.4.2.1.5.0.7.1.1.4.192.0.2.1": ("oid", "1.3.6.1"),
    }
    labels = (await read(objects))[0][0][0]
    assert labels["neighbor_mgmt_addr"] == "192.0.2.1"
    assert "ttl" not in labels
    labels = (await read(neighbour("0.7.1") | {f"{MANAGEMENT}.0.7.1.6.6.0.27.33.60.157.248": 2}))[
        0
    ][0][0]
    assert labels["neighbor_mgmt_addr"] == "00:1b:21:3c:9d:f8"


async def test_b23_six_octets():
    """B-23: six octets are a MAC only where the subtype says so."""
    texts = {
        (5, "Gi0/12"): "Gi0/12",
        (3, MAC): "00:1b:21:3c:9d:f8",
        (7, "000123"): "000123",
        (4, b"\x01\xc0\x00\x02\x01"): "192.0.2.1",
        (7, MAC): "00:1b:21:3c:9d:f8",  # no text at all
    }
    for port, text in texts.items():
        found, _ = await read(neighbour("0.7.1", port=port))
        assert found[0][0]["neighbor_port_id"] == text
    found, _ = await read(neighbour("0.7.1", chassis=(7, "chass1"), port=(5, "et-0/0/1\0\0\0")))
    assert found[0][0]["neighbor_chassis_id"] == "chass1"
    assert found[0][0]["neighbor_port_id"] == "et-0/0/1"


async def test_names_of_ports():
    """A local port is called what people call it: by name, by ifName behind a number, or by description."""
    objects = neighbour("0.7.1")
    name = {f"{IF_NAME}.568": "xe-0/2/0", f"{IF_NAME}.7": "port7"}
    for ports, text in (
        (local(7, 5, "Gi0/7", "uplink"), "Gi0/7"),
        (local(7, 7, "568", "uplink") | name, "xe-0/2/0"),
        (local(7, 3, "8c:60:4f:19:16:2e", "Ethernet1/2"), "Ethernet1/2"),
        (local(7, 3, MAC) | name, "port7"),
        (local(7, 7, "A1"), "A1"),
        (local(7, 7, "9"), "9"),
        ({}, "7"),
    ):
        assert (await read(objects | ports))[0][0][0]["local_interface"] == text


async def test_none():
    """A device without neighbours says 0, and a device with some says how many."""
    assert await read({"1.3.6.1.2.1.1.3.0": ("ticks", 1)}) == ([], 0)


def test_hostile_indexes():
    """Indexes that are no index cost only themselves."""
    column = bytes.fromhex("28c46201010201040101") + b"\x05"
    assert neighbours({column: [(column, 4, MAC), (column + b"\xff", 4, MAC)]}) == []
