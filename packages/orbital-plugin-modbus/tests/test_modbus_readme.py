"""The README tells users everything there is to set and to read."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import sys
from functools import partial
from pathlib import Path
from typing import get_args

import pytest
import yaml

from orbital_plugin_modbus import Modbus, ModbusConfig, ModbusDevice
from orbital_plugin_modbus.device import Rs485, Serial, Tls
from orbital_plugin_modbus.profile import Profile, shipped
from orbital_plugin_modbus.register import Register
from orbital_plugin_modbus.types import TypeName
from orbital_testbench import free_port
from orbital_testbench.waiting import wait_until

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
NAMES = set(re.findall(r"`([a-z_0-9-]+)(?:\{[a-z]+\})?`", README))


@pytest.mark.parametrize(
    "model", [ModbusDevice, ModbusConfig, Register, Serial, Rs485, Tls, Profile]
)
def test_fields(model):
    """Every field stands in it."""
    assert set(model.model_fields) <= NAMES


def test_types_and_profiles():
    """Every type and every shipped profile too."""
    assert set(get_args(TypeName)) <= NAMES
    assert set(shipped()) <= NAMES


def test_metrics():
    """Every metric of the plugin's own stands in the table, and no other does."""
    declared = {metric.name for metric in Modbus.declared_metrics()}
    table = README.partition("## Metrics")[2].partition("##")[0]
    assert set(re.findall(r"^\| `(modbus_[a-z_]+)", table, re.MULTILINE)) == declared


BLOCKS = {
    kind: re.findall(rf"```{kind}\n(.*?)```", README, re.DOTALL) for kind in ("yaml", "python")
}


def parts(task):
    """Fields of the device, and settings."""
    known = set(ModbusDevice.model_fields)
    given = task["config"].items()
    return {k: v for k, v in given if k in known}, {k: v for k, v in given if k not in known}


def test_example():
    """The tasks at its head are accepted."""
    for task in yaml.safe_load(BLOCKS["yaml"][0])["tasks"]:
        device, config = parts(task)
        assert ModbusDevice.model_validate(device)
        assert ModbusConfig.model_validate(config).map.fields


async def test_the_device_to_try_it_with(collect):
    """The script is a device, and the task reads what the text says."""
    port = free_port()
    script = BLOCKS["python"][0].replace("1502", str(port))
    device, config = parts(yaml.safe_load(BLOCKS["yaml"][1])["tasks"][0])
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await asyncio.to_thread(wait_until, partial(listening, port), what="the device")
        collection = await collect({**device, "port": port}, config)
    finally:
        program.kill()
        await program.wait()
    assert collection.error is None
    assert collection.value("meter_voltage_volts") == pytest.approx(230.4)
    assert collection.value("meter_energy_watthours_total") == 57920
    assert collection.value("meter_state", state="on") == 1


def listening(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
