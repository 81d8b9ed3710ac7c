"""The README tells users everything there is to set and to read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from orbital_plugin_snmp import Snmp, SnmpConfig, SnmpDevice
from orbital_plugin_snmp.lldp_plugin import LldpConfig, LldpDevice
from orbital_plugin_snmp.metrics import ScrapeMetrics
from orbital_plugin_snmp.profiles.loading import parse, shipped
from orbital_plugin_snmp.profiles.models import Extract, Filter, Index, Label, Profile, Table, Value
from orbital_plugin_snmp.tables.families import Families
from orbital_plugin_snmp.tables.plan import compile_profiles
from orbital_plugin_snmp.traps.metrics import TrapMetrics
from orbital_plugin_snmp.traps.rules import TrapFilter, TrapLabel, TrapRule
from orbital_plugin_snmp.traps.settings import TrapConfig, TrapDevice

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
NAMES = set(re.findall(r"`([A-Za-z_0-9]+)(?:\{[^`]*\})?`", README))
WORDS = set(re.findall(r"\w+", README))


@pytest.mark.parametrize(
    "model", [SnmpDevice, SnmpConfig, LldpDevice, LldpConfig, TrapDevice, TrapConfig]
)
def test_fields(model):
    """Every field stands in a table."""
    assert set(model.model_fields) <= NAMES


@pytest.mark.parametrize(
    "model", [Profile, Table, Index, Label, Filter, Value, Extract, TrapRule, TrapFilter, TrapLabel]
)
def test_what_a_profile_may_say(model):
    """Every key of a profile is explained or shown."""
    assert set(model.model_fields) - {"neighbors"} <= WORDS


def test_own_metrics():
    """Every metric about the poll stands in the table, and no other does."""
    declared = [*vars(ScrapeMetrics).values(), *vars(TrapMetrics).values()]
    own = {value.name for value in declared if hasattr(value, "help")}
    told = {name for name in NAMES if name.startswith("snmp_")}
    assert told - {"snmp_version", "snmp_trap"} == own


def test_profiles_and_their_metrics():
    """Every shipped profile and each of its metrics stands in the list."""
    families = Families()
    compile_profiles(shipped().values(), families)
    assert shipped().keys() <= NAMES
    assert {metric.name for metric in families.all} <= NAMES
    assert {metric.name for metric in Snmp.declared_metrics()} <= NAMES


def test_the_example():
    """The profile that the README shows is one."""
    text = next(
        block for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "pumps" in block
    )
    profile = parse(text, source="README.md", name="pumps")
    assert len(profile.tables[0].metrics) == 3


def test_the_example_of_notifications():
    """The task that the README shows is one."""
    text = next(
        block for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "traps" in block
    )
    (task,) = yaml.safe_load(text)["tasks"]
    assert len(TrapConfig.model_validate(task["config"]).rules) == 4


def test_the_example_of_neighbours():
    """The task that the README shows is one."""
    text = next(
        block for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if ": lldp" in block
    )
    (task,) = yaml.safe_load(text)["tasks"]
    assert LldpDevice.model_validate(task["config"]).protocol == "snmp"
