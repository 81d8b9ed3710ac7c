"""A plugin.yaml with `exec` becomes a plugin."""

import sys

import pytest

from orbital_plugin_exec.loader import ExecLoader
from orbital_sdk import ConfigurationError, PluginConfig
from orbital_sdk.calling.invoke import receives
from orbital_sdk.schema.manifest import plugin_yaml
from orbital_sdk.testing import Runs, check_plugin

PROGRAM = """\
import os, sys
assert os.environ["ORBITAL_PASSWORD"] == "a-secret-of-mine"
print("pump,host=%s,arg=%s speed=%s,ok=%s" % (
    os.environ["ORBITAL_HOST"], sys.argv[1], os.environ["ORBITAL_UNIT"], os.environ["ORBITAL_FAST"]))
"""
FILE = {
    "meta": {"name": "pump", "version": "1.2", "description": "Pumps", "device_types": ["pump"]},
    "device_fields": [
        {
            "name": "host",
            "type": "string",
            "required": True,
            "description": "Address",
            "validation": "^[a-z.-]+$",
        },
        {"name": "unit", "type": "int", "default": 7, "min": 1, "description": "Of the bus"},
        {"name": "password", "type": "password", "description": "Of the pump"},
    ],
    "config_fields": [
        {"name": "fast", "type": "bool", "default": False, "description": "Ask less"}
    ],
    "metrics": [
        {"name": "pump_speed", "type": "counter", "unit": "meters", "description": "Speed"}
    ],
    "exec": {"command": [sys.executable, "program.py", "{host}"]},
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    return tmp_path


def load(folder, **changes):
    return ExecLoader().load(folder, {**FILE, **changes})


async def test_contract(folder):
    """An ordinary plugin, by the suite of plugins."""
    device = {"host": "pump.site", "password": "a-secret-of-mine"}
    await check_plugin(load(folder), device, entry_point=False)


async def test_fields_reach_the_program(folder):
    """As variables and, where they are not secrets, as arguments; metrics are what the file declares."""
    plugin = load(folder)
    device = plugin.device_model.model_validate({"host": "a.b", "password": "a-secret-of-mine"})
    runs = Runs(plugin(plugin.config_model()), device)
    done = await runs.collect(10)
    assert done.error is None
    assert done.value("pump_speed", host="a.b", arg="a.b") == 7
    assert done.value("pump_ok") == 0
    metric = next(s.series.metric for s in done.samples if s.series.metric.name == "pump_speed")
    assert (metric.kind, metric.unit, metric.help) == ("counter", "meters", "Speed")
    assert runs.plugin.target(device) == "a.b"


def test_it_renders_what_it_read(folder):
    """Reading is the inverse of the manifest."""
    shown = plugin_yaml(load(folder), version="1.2")
    assert shown["meta"]["name"] == "pump"
    assert shown["meta"]["device_types"] == ["pump"]
    assert shown["device_fields"] == [
        {
            "name": "host",
            "type": "string",
            "required": True,
            "description": "Address",
            "validation": "^[a-z.-]+$",
        },
        {
            "name": "unit",
            "type": "int",
            "required": False,
            "default": 7,
            "min": 1,
            "description": "Of the bus",
        },
        {"name": "password", "type": "password", "required": False, "description": "Of the pump"},
    ]
    assert shown["config_fields"] == [
        {
            "name": "fast",
            "type": "bool",
            "required": False,
            "default": False,
            "description": "Ask less",
        }
    ]
    assert shown["metrics"][-1]["name"] == "pump_speed"


def test_a_program_that_keeps_running(folder):
    """It is a receiver."""
    command = {"command": ["cat"], "keep_running": True, "format": "json"}
    assert receives(load(folder, exec=command))
    assert not receives(load(folder))


@pytest.mark.parametrize(
    ("section", "field"),
    [
        ({}, "exec.command"),
        ({"command": ["./missing"]}, "exec.command"),
        ({"command": ["./program.py"]}, "exec.command"),
        ({"command": ["x", "--password={password}"]}, "exec.command[1]"),
        ({"command": ["x"], "format": "xml"}, "exec.format"),
        ({"command": ["x"], "format": "prometheus", "keep_running": True}, "exec.format"),
        ({"command": ["x"], "shell": True}, "exec.shell"),
    ],
)
def test_mistakes(folder, section, field):
    """Each names its key."""
    with pytest.raises(ConfigurationError) as error:
        load(folder, exec=section)
    assert error.value.field == field


def test_a_value_that_looks_like_an_option(folder):
    """A program could take it for one."""
    plugin = load(folder, device_fields=[{"name": "host"}])
    made = plugin(PluginConfig())
    with pytest.raises(ConfigurationError, match="hyphen"):
        made.validate_device(plugin.device_model.model_validate({"host": "-rf"}))


def test_a_secret_inside_of_a_map_is_refused_in_arguments(folder):
    """As one that stands alone."""
    inside = [{"name": "key", "type": "password"}]
    for kind in ("map", "list"):
        field = {"name": "login", "type": kind, "fields": inside}
        with pytest.raises(ConfigurationError, match="login is a secret"):
            load(folder, device_fields=[field], exec={"command": ["echo", "{login}"]})
