"""Plugins that are folders, in an agent as users run it."""

import json
from pathlib import Path

import pytest

from orbital_testbench import wait_until
from orbital_testbench.programs import MissingProgramError, skip_or_fail
from orbital_testbench.snmpd import Snmpd

SEED = Path(__file__).parents[1] / "packages/orbital-plugin-snmp/tests/seed-plugin.yaml"


@pytest.fixture
def put(sentinel):
    """Writes a plugin of a shell script that prints this."""

    def write(name, script, section="{command: [./run.sh]}"):
        folder = sentinel.folder / "plugins" / name
        folder.mkdir(parents=True, exist_ok=True)
        for path in (folder.parent, folder):
            path.chmod(0o755)
        for file, text in (
            ("run.sh", f"#!/bin/sh\n{script}\n"),
            ("plugin.yaml", f"meta: {{name: {name}, version: '1'}}\nexec: {section}\n"),
        ):
            new = folder / f".{file}"
            new.write_text(text)
            new.chmod(0o755 if file == "run.sh" else 0o644)
            new.replace(folder / file)

    return write


def samples(sentinel) -> dict[str, list[float]]:
    """The values of each metric that came so far."""
    found: dict[str, list[float]] = {}
    file = sentinel.folder / "samples.jsonl"
    for line in file.read_text().splitlines() if file.exists() else ():
        sample = json.loads(line)
        found.setdefault(sample["name"], []).append(sample["value"])
    return found


def ready(sentinel) -> dict:
    """What `/readyz` says."""
    return json.loads(sentinel.get("/readyz")[1])


def configure(sentinel, *tasks):
    sentinel.configure(
        sender={"mode": "direct", "direct": {"file": {"path": "samples.jsonl"}}},
        buffer={"flush_interval": "100ms"},
        tasks=[{"interval": "200ms", "enabled": True, **task} for task in tasks],
    )


def test_a_folder_that_changes_while_the_agent_runs(sentinel, put):
    """It takes effect without a restart; with errors the one of before goes on, and `/readyz` says why."""
    put("pump", "echo pump speed=1")
    configure(sentinel, {"id": "p", "plugin": "pump"})
    sentinel.start("--config", "config.yaml")
    wait_until(lambda: 1 in samples(sentinel).get("pump_speed", ()))
    put("pump", "echo pump speed=2")
    wait_until(lambda: 2 in samples(sentinel).get("pump_speed", ()))
    put("pump", "echo pump speed=3", section="{command: [./run.sh], format: xml}")
    reasons = wait_until(lambda: ready(sentinel)["reasons"])
    assert "exec.format: must be" in reasons[0]["message"]
    before = len(samples(sentinel)["pump_speed"])
    wait_until(lambda: len(samples(sentinel)["pump_speed"]) > before + 1)
    put("pump", "echo pump speed=4")
    wait_until(lambda: 4 in samples(sentinel).get("pump_speed", ()))
    wait_until(lambda: not ready(sentinel)["reasons"])
    assert sentinel.end() == 0


@pytest.mark.real
def test_the_seeds_plugin(sentinel, tmp_path_factory):
    """The original design's plugin.yaml, unchanged in its folder, collects from net-snmp's agent."""
    lines = ("override 1.3.6.1.4.1.2021.11.9.0 integer 7",)
    server = Snmpd(tmp_path_factory.mktemp("snmpd"), extra=lines)
    try:
        server.start()
    except MissingProgramError as missing:
        skip_or_fail(missing)
    folder = sentinel.folder / "plugins" / "snmp"
    folder.mkdir(parents=True)
    (folder / "plugin.yaml").write_bytes(SEED.read_bytes())
    for path in (folder.parent, folder, folder / "plugin.yaml"):
        path.chmod(0o755)
    device = {"host": server.host, "port": server.port, "community": "public"}
    configure(sentinel, {"id": "s", "plugin": "snmp", "interval": "1s", "config": device})
    listed = json.loads(sentinel.command("plugins", "list", "--output", "json").stdout)
    (row,) = [one for one in listed if (one["kind"], one["name"]) == ("plugin", "snmp")]
    assert (row["distribution"], row["version"]) == ("plugins/snmp", "1.0.0")
    done = sentinel.command("run", "--once", "--config", "config.yaml")
    server.close()
    assert done.returncode == 0, done.stdout + done.stderr
    came = samples(sentinel)
    assert came["cpu_usage"] == [7]
    assert {"memory_usage", "interface_in_bytes", "interface_out_bytes"} <= came.keys()
