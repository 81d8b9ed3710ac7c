"""Tasks called `lldp`, as older sentinels and their Cores have them: a real switch fills Core's table."""

from __future__ import annotations

import pytest

from orbital_devcore.core import Core
from orbital_devcore.demo import Demo, place
from orbital_devcore.peer import Peer
from orbital_devcore.serving import serving
from orbital_plugin_snmp import oids
from orbital_plugin_snmp.lldp.neighbours import COLUMNS, PORTS
from orbital_testbench import wait_until
from orbital_testbench.programs import MissingProgramError, skip_or_fail
from orbital_testbench.snmpsim import SnmpSim

pytestmark = pytest.mark.real

SWITCH = "cisco-n5000"
AUTH = {"type": "snmp_2c", "config": {"community": SWITCH}}
SSH = {
    "type": "ssh",
    "config": {"username": "ops", "password": "s3cret", "auth_method": "password"},
}


@pytest.fixture(scope="module")
def switch(tmp_path_factory):
    columns = [oids.text(column) for column in (*COLUMNS, *PORTS)]
    try:
        simulator = SnmpSim(tmp_path_factory.mktemp("snmpsim"), [SWITCH], below=columns).start()
    except MissingProgramError as missing:
        skip_or_fail(missing)
    yield simulator
    simulator.close()


def world(switch):
    """A device as the web page writes it, and one that was read over ssh."""
    snmp = {"host": switch.host, "port": switch.port, "protocol": "snmp", "snmp_version": "2c"}
    ssh = {"host": switch.host, "port": 22, "protocol": "ssh", "snmp_version": "2c", "auth": SSH}
    task = {"plugin_name": "lldp", "interval_seconds": 1, "retry_count": 0}
    return Demo.model_validate({
        "devices": {
            "dev-snmp": {"name": "sw1", "device_type": "switch", "connection_config": {**snmp, "auth": AUTH}},
            "dev-ssh": {"name": "sw2", "device_type": "switch", "connection_config": ssh},
        },
        "tasks": {
            "task-snmp": {"device_id": "dev-snmp", **task},
            "task-ssh": {"device_id": "dev-ssh", **task},
            "task-both": {"device_id": "dev-ssh", **task, "config": {**snmp, "community": SWITCH}},
        },
    })  # fmt: skip


@pytest.fixture(params=["sane", "quirks"])
def peer(request, switch):
    core = Core(quirks=request.param == "quirks")
    place(core, world(switch))
    with serving(core) as address:
        yield Peer(address, core)


def neighbours(peer, device):
    """Rows of one device."""
    rows = peer.data("GET", "/dev/neighbors")
    return [row["neighbor"] for row in rows if row["device_id"] == device]


def test_tasks_called_lldp_fill_cores_table(sentinel, peer, switch):
    """From Core and from the local file; one over ssh fails with what to do instead, and does so by that."""
    local = {"host": switch.host, "port": switch.port, "protocol": "snmp", "snmp_community": SWITCH}
    task = {"id": "here", "device_id": "dev-local", "plugin": "lldp", "interval": "1s"}
    sentinel.configure(
        core={"url": peer.address},
        sender={"mode": "core"},
        collector={"task_fetch_interval": "200ms"},
        buffer={"flush_interval": "100ms"},
        tasks=[{**task, "enabled": True, "config": local}],
    )
    sentinel.start()
    for device in ("dev-snmp", "dev-local", "dev-ssh"):
        wait_until(lambda name=device: len(neighbours(peer, name)) == 9)
        (known,) = [n for n in neighbours(peer, device) if n["neighbor_mgmt_addr"] == "10.40.1.24"]
        assert known["local_interface"] == "Ethernet1/1"
        assert known["neighbor_chassis_id"] == "58:6a:b1:4f:3d:91"
        assert known["neighbor_system_name"] == "H3C-1"
        assert {one["value"] for one in peer.samples("lldp_neighbor_count")} == {9}
    wait_until(lambda: peer.runs("task-snmp") and peer.runs("task-ssh"))
    assert peer.runs("task-snmp")[0]["status"] == "success"
    (refused,) = {(one["status"], one["error_message"]) for one in peer.runs("task-ssh")}
    assert refused[0] == "failed"
    assert "protocol: neighbours are read by SNMP, not by ssh" in refused[1]
    assert "protocol: snmp" in refused[1]
    assert peer.runs("task-both")[0]["status"] == "success"
    assert sentinel.end() == 0
    assert "s3cret" not in sentinel.log.read_text()
