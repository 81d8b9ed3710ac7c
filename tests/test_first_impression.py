"""`sentinel start` for a stranger: no configuration, samples within seconds, and a clean end."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from orbital_testbench import wait_until

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_without_a_configuration_it_collects_delivers_and_stops_clean(sentinel, lines_of, how):
    """The built-in configuration delivers by itself; Ctrl-C and SIGTERM exit 0 (defect B-1)."""
    sentinel.start()
    file = wait_until(lambda: _written(sentinel.folder))
    wait_until(lambda: lines_of(file))
    delivered = wait_until(lambda: sentinel.account("file")["delivered"])
    assert sentinel.end(how) == 0
    assert len(lines_of(file)) >= delivered
    names = {line["name"] for line in lines_of(file)}
    assert {"up", "probe_success"} <= names


def test_the_last_samples_are_flushed_at_the_end(sentinel, lines_of):
    """What was collected just before the stop is delivered before it ends (defect B-17)."""
    out = sentinel.folder / "samples.jsonl"
    sentinel.configure(
        sender={"mode": "direct", "direct": {"file": {"path": str(out), "flush_interval": "1h"}}},
        tasks=[
            {
                "id": "here",
                "plugin": "ping",
                "interval": "500ms",
                "config": {"host": "127.0.0.1", "count": 1},
            }
        ],
    )
    sentinel.start("--config", "config.yaml")
    wait_until(lambda: sentinel.tasks()[0]["runs"] >= 3)
    assert sum(line["name"] == "up" for line in lines_of(out)) == 1  # an hour is not over
    assert sentinel.end() == 0
    assert sum(line["name"] == "up" for line in lines_of(out)) >= 3


def test_it_says_in_a_few_lines_what_it_does(sentinel):
    """What it watches, where the data is, and how to make a real configuration."""
    sentinel.start()
    sentinel.end()
    said = sentinel.log.read_text()
    assert "sentinel config init" in said
    assert ".jsonl" in said
    assert "Traceback" not in said


def _written(folder: Path) -> Path | None:
    return next(folder.rglob("*.jsonl"), None)
