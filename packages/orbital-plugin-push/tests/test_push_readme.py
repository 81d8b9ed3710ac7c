"""The README tells users everything there is to set and to read, and its examples are true."""

import re
from pathlib import Path

import yaml

from orbital_plugin_push import Push, PushDevice
from orbital_plugin_push.device import BasicAuth, Tls
from orbital_plugin_push.formats import REMOTE_WRITE, TEXT

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
NAMES = set(re.findall(r"`([a-z_0-9]+)(?:\{[a-z]+\})?`", README))


def test_fields():
    """Every field stands in a table."""
    fields = {*PushDevice.model_fields, *BasicAuth.model_fields, *Tls.model_fields}
    assert fields <= NAMES


def test_metrics():
    """Every metric stands in the table, and no other does."""
    declared = {metric.name for metric in Push.declared_metrics()}
    assert {name for name in NAMES if name.startswith("push_")} == declared


def test_tasks():
    """Each task that it shows is one."""
    examples = [
        yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    ]
    fields = [task["config"] for one in examples for task in one.get("tasks", [])]
    assert len([PushDevice.model_validate(one) for one in fields]) == 2


def test_defaults():
    """The table has those that hold."""
    shown = dict(re.findall(r"^\| `(\w+)` \| (\S+) \|", README, re.MULTILINE))
    defaults = {name: yaml.safe_load(text) for name, text in shown.items() if text[0].isdigit()}
    assert len(defaults) == 8
    assert PushDevice.model_validate(defaults) == PushDevice()


def test_paths():
    """Each path stands there."""
    assert all(f"`{path}`" in README for path in (*REMOTE_WRITE, *TEXT))
