"""The README tells users everything there is to set and to read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from orbital_plugin_modbus import Modbus, ModbusConfig, ModbusDevice
from orbital_plugin_modbus.device import Rs485, Serial, Tls
from orbital_plugin_modbus.profile import Profile, shipped
from orbital_plugin_modbus.register import Register
from orbital_plugin_modbus.types import TypeName

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


def test_example():
    """The tasks at its head are accepted."""
    block = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    for task in yaml.safe_load(block[1])["tasks"]:
        known = set(ModbusDevice.model_fields)
        device = {key: value for key, value in task["config"].items() if key in known}
        config = {key: value for key, value in task["config"].items() if key not in known}
        assert ModbusDevice.model_validate(device)
        assert ModbusConfig.model_validate(config).map.fields
