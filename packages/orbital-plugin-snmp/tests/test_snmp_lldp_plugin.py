"""The plugin `lldp`, with a real switch's recording, and what tasks of older sentinels say."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.lldp.neighbours import COLUMNS, PORTS
from orbital_plugin_snmp.lldp_plugin import Lldp, LldpConfig, LldpDevice
from orbital_plugin_snmp.plugin import SnmpConfig
from orbital_sdk.testing import check_plugin, collect_once
from orbital_testbench.programs import MissingProgramError, skip_or_fail
from orbital_testbench.snmpsim import SnmpSim

SWITCH = "cisco-n5000"
PUBLIC = {"type": "snmp_2c", "config": {"community": SWITCH}}


@pytest.fixture(scope="module")
def device(tmp_path_factory):
    """The switch as Core's web page writes it down."""
    columns = [oids.text(column) for column in (*COLUMNS, *PORTS)]
    try:
        simulator = SnmpSim(tmp_path_factory.mktemp("snmpsim"), [SWITCH], below=columns).start()
    except MissingProgramError as missing:
        skip_or_fail(missing)
    yield {"host": simulator.host, "port": simulator.port, "protocol": "snmp", "auth": PUBLIC}
    simulator.close()


@pytest.mark.real
async def test_neighbours_and_nothing_else(device):
    """The two metrics of older sentinels, with their labels, and those about the poll itself."""
    got = await collect_once(Lldp, device)
    assert got.error is None
    assert {name for name in got.names if not name.startswith("snmp_")} == {
        "lldp_neighbor",
        "lldp_neighbor_count",
    }
    assert got.value("lldp_neighbor_count") == 9
    labels = {"local_interface": "Ethernet1/1", "neighbor_chassis_id": "58:6a:b1:4f:3d:91"}
    assert got.value("lldp_neighbor", **labels, neighbor_mgmt_addr="10.40.1.24") == 2


@pytest.mark.real
async def test_contract(device):
    """It keeps what every plugin promises: what it tells is declared, secrets are shown nowhere."""
    await check_plugin(Lldp, device, {"timeout": "5s"})


@pytest.mark.parametrize(
    "protocol", [{}, {"protocol": "snmp"}, {"protocol": "SNMP"}, {"protocol": ""}]
)
def test_protocols_that_mean_snmp(protocol):
    """Named or not; flat names of older tasks are understood."""
    flat = {"host": "sw1", "snmp_version": "2c", "snmp_community": "s3cret", **protocol}
    device = LldpDevice.model_validate(flat)
    assert (device.port, device.version) == (161, "2c")
    assert device.community is not None
    assert device.community.get_secret_value() == "s3cret"


def test_what_older_sentinels_did_over_ssh_is_refused_with_what_to_do():
    """B-24: such a task says how it can go on, and not that there are no neighbours."""
    with pytest.raises(ValidationError, match="not by ssh; give the task `protocol: snmp` and"):
        LldpDevice.model_validate({"host": "sw1", "port": 22, "protocol": "ssh"})


def test_settings_are_those_of_the_session_and_of_one_profile():
    """The others would mean nothing to neighbours, so they are refused."""
    assert LldpConfig(retries=1, label_refresh=60).whole() == SnmpConfig(
        profiles=("lldp",), retries=1, label_refresh=60
    )
    with pytest.raises(ValidationError, match="profiles"):
        LldpConfig.model_validate({"profiles": "auto"})
