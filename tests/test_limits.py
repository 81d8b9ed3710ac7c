"""What one task may give: the limits of `collector.limits`, in a running agent."""

from __future__ import annotations

import json

import pytest

from orbital_plugin_snmp.commands.learning import LIMIT
from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime.settings.model.collector import LimitsSection
from orbital_testbench import wait_until

CODE = """
from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig

OCTETS = Metric("session_octets_total", kind="counter", labels=("user", "session"))


class Sessions(Plugin[DeviceFields, PluginConfig]):
    name = "sessions"
    runs = 0

    async def collect(self, device, ctx):
        self.runs += 1
        return [OCTETS(1, str(n % 3), f"{self.runs}-{n}") for n in range(300)]
"""
MOST = 400
CHASSIS = 20_000 * 38
"""Interfaces, and what the profile `if_mib` reads of each."""


def test_the_defaults_fit_a_big_chassis():
    """Twenty thousand interfaces are below every limit, and `snmp learn` speaks of the same limits."""
    section, limits = LimitsSection(), RunLimits()
    assert (section.samples_per_run, section.series_per_task) == (limits.samples, limits.series)
    assert section.samples_per_run == section.series_per_task == LIMIT
    assert CHASSIS < LIMIT


@pytest.fixture
def agent(sentinel):
    sentinel.install("strange", CODE, sessions="Sessions")
    sentinel.configure(
        collector={"limits": {"series_per_task": MOST}},
        sender={"direct": {"file": {"path": "out.jsonl", "flush_interval": "100ms"}}},
        tasks=[{"id": "s", "plugin": "sessions", "interval": "200ms"}],
    )
    sentinel.start("--config", "config.yaml")
    return sentinel


def test_a_label_that_never_repeats_meets_the_limit_of_its_task(agent):
    """300 new series a run: 400 arrive, and no run after that adds one. It is counted, and the label that
    grows is named where people look.
    """
    wait_until(lambda: agent.tasks()[0]["runs"] >= 8)
    (task,) = agent.tasks()
    words = f"more than {MOST} different series within an hour (collector.limits.series_per_task)"
    assert words in task["error"]
    assert task["error"].endswith("what grows is the label 'session' of session_octets_total")
    assert (task["status"], task["up"], task["series"]) == ("success", True, MOST)
    assert words in " ".join(agent.command("tasks").stdout.split())
    assert "the label 'session' of session_octets_total" in agent.log.read_text()
    metrics = agent.metrics()
    assert metrics['sentinel_refused_samples_total{reason="series_limit"}'] >= 8 * 300 - MOST
    labels = 'device_id="s",plugin="sessions",task="s"'
    assert metrics[f"sentinel_task_series{{{labels}}}"] == MOST
    lines = [json.loads(line) for line in (agent.folder / "out.jsonl").read_text().splitlines()]
    given = {line["labels"]["session"] for line in lines if "session" in line["labels"]}
    assert len(given) == MOST
