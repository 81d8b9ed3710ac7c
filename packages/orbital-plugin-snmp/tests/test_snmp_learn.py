"""`sentinel snmp learn`: a task that is ready, and its cost."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from typer.testing import CliRunner

from orbital_plugin_snmp import SnmpConfig, SnmpDevice
from orbital_plugin_snmp.commands import app
from orbital_plugin_snmp.commands.learning import LIMIT, cost_of
from orbital_plugin_snmp.commands.options import How
from orbital_plugin_snmp.commands.tasks import task_of
from orbital_plugin_snmp.polling.learning import learn
from orbital_plugin_snmp.testing import FakeReader
from orbital_sdk import DeviceUnreachable
from orbital_testbench.ports import free_port

SYSTEM, UPS = "1.3.6.1.2.1.1", "1.3.6.1.2.1.33.1"


@pytest.mark.real
def test_a_task_that_is_ready(snmpd):
    """What is printed is a task that validates, with the profiles that fit and without the secret."""
    place = f"{snmpd.host}:{snmpd.port}"
    done = CliRunner().invoke(app, ["learn", place, "-c", "public", "--interval", "30"])
    assert done.exit_code == 0, done.output
    (task,) = yaml.safe_load(done.stdout)["tasks"]
    assert (task["plugin"], task["interval"], task["timeout"]) == ("snmp", "30s", "29s")
    config = task["config"]
    assert config["community"] == "${SNMP_COMMUNITY}"
    assert config["profiles"][0] == "netsnmp"
    SnmpConfig(profiles=tuple(config.pop("profiles")))
    assert SnmpDevice.model_validate(config).port == snmpd.port
    assert "sysObjectID 1.3.6.1.4.1.8072.3.2.10" in done.stderr
    assert "every 30 s: " in done.stderr
    assert "every 10 s: " in done.stderr
    assert "rows: interfaces " in done.stderr
    assert "missing" not in done.stderr


@pytest.mark.real
def test_nobody_there(snmpd):
    """A device that does not answer is an error, and no task."""
    place = f"{snmpd.host}:{free_port()}"
    done = CliRunner().invoke(app, ["learn", place, "-t", "0.1", "-r", "0"])
    assert isinstance(done.exception, DeviceUnreachable)
    assert done.stdout == ""


async def test_what_a_device_has():
    """General profiles are taken where there is something for them, a vendor's by sysObjectID."""
    reader = FakeReader({
        f"{SYSTEM}.2.0": ("oid", "1.3.6.1.4.1.9.1.1"), f"{SYSTEM}.5.0": "core1",
        f"{SYSTEM}.3.0": ("ticks", 5),
        f"{UPS}.2.1.0": 2, f"{UPS}.3.3.1.2.1": 500,
    })  # fmt: skip
    learnt = await learn(reader)
    assert (learnt.name, learnt.sysobjectid) == ("core1", "1.3.6.1.4.1.9.1.1")
    assert learnt.profiles == ("cisco", "ups")
    assert learnt.samples >= 4
    assert not learnt.problems
    assert learnt.tables == {"ups_input": 1}
    how = How(version="3", auth_password="x" * 8, timeout=5.0)
    task = task_of({"host": "h"}, how, called="h", profiles=learnt.profiles, interval=60)
    assert task["config"] == {
        "host": "h", "version": "3", "auth_password": "${SNMP_AUTH_PASSWORD}",
        "profiles": ["cisco", "ups"],
    }  # fmt: skip
    assert "xxxx" not in repr(how)


async def test_what_is_missing_is_told():
    """A table that fails, and values that make no sense, are told with the cost."""
    reader = FakeReader(
        {f"{SYSTEM}.2.0": ("oid", "1.3.6.1.4.1.5"), "1.3.6.1.2.1.2.2.1.4.1": "wide"}
    )
    reader.broken["1.3.6.1.2.1.2.2.1.7"] = "its OIDs go round"
    learnt = await learn(reader)
    assert learnt.profiles == ("system", "if_mib")
    said = cost_of(learnt, 10)
    assert "missing: interfaces: its OIDs go round" in said
    assert "missing: ifMtu is no number" in said


async def test_a_device_with_more_than_an_agent_keeps():
    """A very large chassis: the limit, and both ways out, before anything is missing."""
    learnt = await learn(FakeReader({f"{SYSTEM}.3.0": ("ticks", 1)}))
    assert "collector.limits" not in cost_of(replace(learnt, samples=LIMIT), 60)
    said = cost_of(replace(learnt, samples=LIMIT + 1), 60)
    assert (
        "raise collector.limits.samples_per_run and series_per_task, or let the task read less"
        in said
    )


def test_odd_names():
    """A device may call itself anything: the task stays one, and reads no variable."""
    task = task_of({"host": "h"}, How(), called="${HOME} / 7", profiles=["system"], interval=60)
    assert (task["id"], task["device_id"]) == ("snmp-HOME-7", "$${HOME} / 7")
