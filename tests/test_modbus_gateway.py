"""Modbus through the whole agent: maps share a gateway, and a dead unit hurts nobody else."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest


@pytest.fixture
def gateway(start_modbus):
    """Units 1 to 3 answer with the same registers, unit 4 is switched off."""
    return start_modbus(["holding 0 11 22 33", "holding 500 5", "dead 4", "delay 2"])


def tasks(gateway) -> list[dict[str, object]]:
    maps = {"short": [0, 1, 2], "long": [0, 100, 200, 300, 400, 500]}
    return [
        {
            "id": f"{name}-{unit}",
            "device_id": f"unit-{unit}",
            "plugin": "modbus",
            "interval": "60s",
            "timeout": "5s",
            "config": {
                "host": gateway.host,
                "port": gateway.port,
                "unit_id": unit,
                "request_timeout": "300ms",
                "retries": 0,
                "registers": [{"address": address} for address in addresses],
            },
        }
        for name, addresses in maps.items()
        for unit in range(1, 5)
    ]


def test_one_connection_for_all_tasks(sentinel, gateway, lines_of):
    """Eight tasks of two maps: one connection, one request at a time, all samples of what is up."""
    path = sentinel.folder / "out.jsonl"
    sentinel.configure(sender={"direct": {"file": {"path": str(path)}}}, tasks=tasks(gateway))
    done = sentinel.command("run", "--once")
    assert done.returncode == 1  # unit 4 is dead
    assert gateway.connections == 1
    assert gateway.overlaps == 0
    units = [ask.unit for ask in gateway.asked]
    assert {unit: units.count(unit) for unit in (1, 2, 3)} == {1: 7, 2: 7, 3: 7}
    assert 1 <= units.count(4) <= 2
    samples = lines_of(path)
    values = {
        (s["labels"]["device_id"], s["name"]): s["value"]
        for s in samples
        if "unit_id" in s["labels"]
    }
    for unit in (1, 2, 3):
        assert values[f"unit-{unit}", "modbus_register_1"] == 22
        assert values[f"unit-{unit}", "modbus_register_500"] == 5
    up = {s["labels"]["device_id"]: s["value"] for s in samples if s["name"] == "up"}
    assert up == {"unit-1": 1, "unit-2": 1, "unit-3": 1, "unit-4": 0}
    assert "no answer within 0.3 s" in done.stdout


def test_commands_of_the_plugin(sentinel, gateway):
    """They stand beside the agent's own, and end as those do."""
    done = sentinel.command("modbus", "read", gateway.host, "-p", str(gateway.port), "--count", "3")
    assert done.returncode == 0
    assert "* looks right: order ABCD" in done.stdout
    done = sentinel.command("modbus", "read", gateway.host, "-p", str(gateway.port), "-u", "4")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "unit 4: no answer within 1 s" in done.stderr


def test_a_scan_shows_its_progress_on_a_terminal_alone(sentinel, gateway):
    """A bar for the unit ids and one for each unit; in a pipe only what was found."""
    words = [
        "modbus",
        "scan",
        gateway.host,
        "-p",
        str(gateway.port),
        "-u",
        "3,4",
        "--addresses",
        "0-99",
    ]
    found = "unit 3\n  holding   0..99\n  input     0..99\n"
    done = sentinel.command(*words)
    assert (done.stdout, done.stderr) == (found, "")
    command = shlex.join([sys.executable, "-m", "orbital_sentinel", *words])
    shown = subprocess.run(
        ["script", "-qec", command, "/dev/null"], cwd=sentinel.folder, check=True, timeout=60,
        env=sentinel.environ | {"TERM": "xterm"}, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert "unit ids" in shown
    assert "100%" in shown
    assert found.splitlines()[1] in shown


def test_a_map_that_cannot_be(sentinel, gateway):
    """`validate` names file, line, key, field and reason."""
    wrong = tasks(gateway)[0]
    wrong["config"]["registers"] = [{"address": 0, "type": "uint32"}, {"address": 1}]
    sentinel.configure(tasks=[wrong])
    done = sentinel.command("validate")
    assert done.returncode == 78
    assert "modbus_register_1 (holding 1) overlaps modbus_register_0 (holding 0)" in done.stderr
