"""A reload applies the difference and nothing else; a bad file changes nothing."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from orbital_testbench import wait_until


def _settings(sentinel, *hosts: str, **more: Any) -> dict[str, Any]:
    return {
        "sender": {
            "mode": "direct",
            "direct": {
                "file": {"path": str(sentinel.folder / "out.jsonl"), "flush_interval": "100ms"}
            },
        },
        "tasks": [
            {
                "id": host,
                "plugin": "ping",
                "interval": "500ms",
                "config": {"host": host, "count": 1},
            }
            for host in hosts
        ],
        **more,
    }


def _runs(sentinel) -> dict[str, int]:
    return {task["id"]: task["runs"] for task in sentinel.tasks()}


@pytest.mark.parametrize("how", ["hangup", "file"])
def test_only_the_difference_is_applied(sentinel, how):
    """By SIGHUP or by the file's change: one task comes, one goes, and the third never notices."""
    automatic = {"plugins": {"auto_reload": how == "file"}}
    sentinel.configure(**_settings(sentinel, "127.0.0.1", "127.0.0.2", **automatic))
    sentinel.start("--config", "config.yaml")
    wait_until(lambda: _runs(sentinel).get("127.0.0.1", 0) >= 2)
    before = _runs(sentinel)["127.0.0.1"]
    sentinel.configure(**_settings(sentinel, "127.0.0.1", "127.0.0.3", **automatic))
    if how == "hangup":
        sentinel.process.send_signal(signal.SIGHUP)
    wait_until(lambda: _runs(sentinel).keys() == {"127.0.0.1", "127.0.0.3"})
    assert _runs(sentinel)["127.0.0.1"] >= before
    wait_until(lambda: _runs(sentinel)["127.0.0.3"] >= 1)
    assert sentinel.end() == 0


def test_a_bad_file_keeps_the_old_configuration(sentinel):
    """The agent says what is wrong, with file and line, and goes on as before."""
    sentinel.configure(**_settings(sentinel, "127.0.0.1"))
    sentinel.start("--config", "config.yaml")
    sentinel.configure(**_settings(sentinel, "127.0.0.1", collecter={}, telemetri={}))
    sentinel.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "the old one stays" in sentinel.log.read_text())
    told = [line for line in sentinel.log.read_text().splitlines() if " ERROR " in line]
    assert "collecter: unknown key; did you mean collector?" in told[0]
    assert "telemetri: unknown key; did you mean telemetry?" in told[1]
    before = _runs(sentinel)["127.0.0.1"]
    wait_until(lambda: _runs(sentinel)["127.0.0.1"] > before)
    assert sentinel.end() == 0


def test_a_file_that_lost_its_content_ends_nothing(sentinel):
    """A full disk, or an editor that was caught half-way: an empty file is no wish to do nothing."""
    sentinel.configure(**_settings(sentinel, "127.0.0.1"))
    sentinel.start("--config", "config.yaml")
    sentinel.config.write_text("")
    wait_until(lambda: "config.yaml:1: holds no settings" in sentinel.log.read_text())
    before = _runs(sentinel)["127.0.0.1"]
    wait_until(lambda: _runs(sentinel)["127.0.0.1"] > before)


def test_a_new_output_gets_what_comes_from_now_on(sentinel, lines_of):
    """Outputs are added without touching the others, whose files go on."""
    settings = _settings(sentinel, "127.0.0.1")
    sentinel.configure(**settings)
    sentinel.start("--config", "config.yaml")
    second = sentinel.folder / "second.jsonl"
    another = {"writer": "file", "path": str(second), "flush_interval": "100ms"}
    settings["sender"]["direct"]["second"] = another
    wait_until(lambda: lines_of(sentinel.folder / "out.jsonl"))
    sentinel.configure(**settings)
    sentinel.process.send_signal(signal.SIGHUP)
    wait_until(lambda: lines_of(second))
    assert sentinel.end() == 0
    first = [line for line in lines_of(sentinel.folder / "out.jsonl") if line["name"] == "up"]
    assert len(first) == len({line["ts"] for line in first})  # none twice
