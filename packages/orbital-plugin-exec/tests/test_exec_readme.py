"""The README tells users everything there is to set and to read, and its examples are true."""

import re
from pathlib import Path

import yaml

from orbital_plugin_exec import Exec, Execd

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
NAMES = set(re.findall(r"`([a-z_0-9]+)(?:\{[a-z]+\})?`", README))


def test_fields_and_metrics():
    """Each stands in a table."""
    for plugin in (Exec, Execd):
        assert {*plugin.device_model.model_fields, *plugin.config_model.model_fields} <= NAMES
        assert {metric.name for metric in plugin.declared_metrics()} <= NAMES


def test_tasks():
    """Each task that it shows is one."""
    (text,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    for task in yaml.safe_load(text)["tasks"]:
        plugin = {"exec": Exec, "execd": Execd}[task["plugin"]]
        config = task["config"]
        reading = {
            key: config.pop(key) for key in plugin.config_model.model_fields if key in config
        }
        plugin.device_model.model_validate(config)
        plugin.config_model.model_validate(reading)
