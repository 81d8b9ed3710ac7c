"""The README tells users everything there is to set and to read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orbital_plugin_ping import Ping, PingConfig, PingDevice

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
NAMES = set(re.findall(r"`([a-z_0-9]+)(?:\{[a-z]+\})?`", README))


@pytest.mark.parametrize("model", [PingDevice, PingConfig])
def test_fields(model):
    """Every field stands in a table."""
    assert set(model.model_fields) <= NAMES


def test_metrics():
    """Every metric stands in the table, and no other does."""
    declared = {metric.name for metric in Ping.declared_metrics()}
    written = {name for name in NAMES if name.startswith(("ping_", "probe_"))}
    assert written == declared
