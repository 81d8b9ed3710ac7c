"""The configuration of the original design, and the main job: on time, once, and delivered."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from orbital_testbench import Prometheus, wait_until

SEED = Path(__file__).parent / "data" / "seed-config.yaml"
INTERVAL = 1.0


def test_the_seeds_configuration_validates_unchanged(sentinel):
    """With API_TOKEN set, the original config.yaml is accepted to the letter, and all of it has an effect."""
    sentinel.config.write_text(SEED.read_text())
    done = sentinel.command("validate", "--config", "config.yaml", API_TOKEN="a-token")
    assert done.returncode == 0, done.stderr
    assert "note:" not in done.stdout
    assert "a-token" not in done.stdout + done.stderr


def test_a_missing_variable_is_named_with_its_line(sentinel):
    """Without API_TOKEN the same file is refused, exit code 78, with file, line and key."""
    sentinel.config.write_text(SEED.read_text())
    done = sentinel.command("validate", "--config", "config.yaml")
    assert done.returncode == 78
    line = next(n for n, text in enumerate(SEED.read_text().splitlines(), 1) if "API_TOKEN" in text)
    assert f"config.yaml:{line}" in done.stderr
    assert "API_TOKEN" in done.stderr


def test_the_seeds_mode_core_keeps_samples_and_says_so(sentinel):
    """In mode `core` with a Core that is away, local tasks run, their samples wait, and the log says why."""
    settings = yaml.safe_load(SEED.read_text())
    settings["tasks"] = _tasks()[:1]
    sentinel.configure(**settings)
    sentinel.start("--config", "config.yaml", API_TOKEN="a-token")
    wait_until(lambda: sentinel.account("core").get("waiting", 0) > 0)
    assert sentinel.end() == 0
    assert "not registered at Core yet" in sentinel.log.read_text()
    assert "a-token" not in sentinel.log.read_text()


@pytest.mark.real
def test_each_run_reaches_prometheus_exactly_once_and_on_its_phase(
    sentinel, prometheus: Prometheus
):
    """With `sender.mode: direct` and two local tasks, Prometheus holds one sample a tick, equally spaced."""
    settings = yaml.safe_load(SEED.read_text())
    settings["sender"]["mode"] = "direct"
    settings["sender"]["direct"]["prometheus"] = {"enabled": True, "url": prometheus.write_url}
    settings["buffer"]["flush_interval"] = "1s"
    settings["tasks"] = _tasks()
    sentinel.configure(**settings)
    sentinel.start("--config", "config.yaml", API_TOKEN="a-token")
    runs = wait_until(lambda: _runs(sentinel, at_least=8))
    assert sentinel.end() == 0
    for task, count in runs.items():
        (stored,) = wait_until(lambda t=task: prometheus.samples(f'up{{device_id="{t}"}}'))
        times = [ts for ts, _ in stored.samples]
        assert len(times) >= count  # those of the last moments were flushed as well
        gaps = [(b - a) / 1000 for a, b in pairwise(times)]
        assert gaps == pytest.approx([INTERVAL] * len(gaps), abs=0.3)
        assert {value for _, value in stored.samples} == {1.0}


def _runs(sentinel, at_least: int) -> dict[str, int]:
    runs = {task["device_id"]: task["runs"] for task in sentinel.tasks()}
    return runs if runs and min(runs.values()) >= at_least else {}


def _tasks() -> list[dict[str, object]]:
    return [
        {
            "id": name, "device_id": name, "plugin": "ping", "interval": "1s", "timeout": "900ms",
            "enabled": True, "config": {"host": host, "count": 1},
        }
        for name, host in (("loopback-one", "127.0.0.1"), ("loopback-two", "127.0.0.2"))
    ]  # fmt: skip
