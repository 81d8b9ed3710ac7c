"""`sentinel start --last-good`: a restart with a broken file."""

from __future__ import annotations

import json
import os

import pytest

GOOD = """\
sender:
  direct:
    file: {{path: {root}/samples.jsonl}}
plugins: {{reload_interval: 1s}}
tasks:
  - {{id: well, plugin: http, interval: 1s, config: {{url: "{site}/", headers: {{X-Key: "${{KEY}}"}}}}}}
"""
SECRET = "hidden-1234567"


@pytest.fixture
def broken(machine, site):
    """A configuration that ran once, and has an error since. Gives the good text."""
    machine.environ["KEY"] = SECRET
    machine.environ["PYTHONWARNINGS"] = "default"
    good = GOOD.format(root=machine.root, site=site)
    machine.config(good)
    with machine.running() as agent:
        agent.until_running()
        kept = machine.data / "last-good.json"
        agent.until(kept.exists, "the last good configuration")
        machine.agent().post("/api/v1/stop")
        assert agent.ended() == 0
    machine.config(good.replace("interval: 1s, config", "intervall: 1s, config"))
    return good


def test_it_is_kept_for_its_owner_only_and_without_resolved_secrets(machine, broken):
    """What comes from the environment is not in it."""
    kept = machine.data / "last-good.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert SECRET not in kept.read_text()
    assert json.loads(kept.read_text())["texts"] == {str(machine.work / "config.yaml"): broken}


def test_without_the_option_the_start_fails(machine, broken):
    """The user has to allow it."""
    assert broken
    done = machine.sentinel("start")
    assert done.code == 78
    assert "intervall" in done.err


@pytest.mark.parametrize("how", ["option", "environment"])
def test_it_runs_on_the_last_good_one_and_says_so(machine, broken, how):
    """In the log, the status, /readyz and the metrics; it ends with the correction of the file."""
    arguments = ["--last-good"] if how == "option" else []
    if how == "environment":
        machine.environ["SENTINEL_LAST_GOOD"] = "1"
    with machine.running(*arguments) as agent:
        agent.until_running()
        asked = machine.agent()
        log = agent.log.read_text()
        assert "unknown key" in log
        assert "the last good one" in log
        ready = asked.get("/readyz")
        assert ready["ready"]
        (reason,) = ready["reasons"]
        assert reason["reason"] == "last_good_configuration"
        assert "intervall" in reason["message"]
        metrics = asked.fetch("/metrics").decode()
        assert "sentinel_config_last_good 1.0" in metrics
        assert "sentinel_config_last_reload_successful 0.0" in metrics
        assert "the last good one of" in machine.sentinel("status").out
        agent.until(lambda: asked.get("/api/v1/status")["tasks"]["success"], "a run")
        machine.config(broken.replace("interval: 1s, config", "interval: 2s, config"))
        agent.until(lambda: not asked.get("/readyz")["reasons"], "the corrected file")
        assert asked.get("/api/v1/status")["last_good_ms"] is None
        assert asked.get("/api/v1/tasks")["tasks"][0]["interval"] == 2


def test_that_of_another_file_is_not_used(machine, broken):
    """A configuration that was never in effect under this name has no last good one."""
    assert broken
    other = machine.config("tasks: [{}]", name="other.yaml")
    done = machine.sentinel("start", "--last-good", "-c", str(other))
    assert done.code == 78
    assert os.fspath(other.name) in done.err


def test_one_that_cannot_be_used_either_hides_no_error_of_the_file(machine, broken):
    """Another version kept it; its lines are in no file that a user could correct."""
    kept = machine.data / "last-good.json"
    content = json.loads(kept.read_text())
    content["texts"] = {path: f"{text}former_key: 1\n" for path, text in content["texts"].items()}
    kept.write_text(json.dumps(content))
    assert broken
    done = machine.sentinel("start", "--last-good")
    assert done.code == 78
    assert "intervall" in done.err
    assert "former_key" not in done.err
