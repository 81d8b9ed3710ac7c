"""Defects of the older sentinel that only show when everything runs together."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from orbital_runtime.agent import Agent
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import load
from orbital_testbench import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = yaml.safe_load((Path(__file__).parent / "data" / "seed-config.yaml").read_text())


def keys(section: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every section and every key in it."""
    for name, value in section.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from keys(value, (*above, name))


def without(left_out: list[tuple[str, ...]], server: str) -> dict[str, Any]:
    """The original configuration without these, but with a task and a place for its samples."""
    settings = deepcopy(SEED)
    settings["sender"]["mode"] = "direct"
    for output in ("prometheus", "victoria_metrics"):  # without `enabled` they are
        settings["sender"]["direct"][output]["url"] = server
    for *above, name in left_out:
        below = settings
        for part in above:
            below = below.get(part, {})
        below.pop(name, None)
    settings.setdefault("sender", {}).setdefault("direct", {})["file"] = {"path": "out.jsonl"}
    settings["tasks"] = [
        {
            "id": "here",
            "plugin": "ping",
            "interval": "100ms",
            "config": {"host": "127.0.0.1", "count": 1},
        }
    ]
    return settings


@pytest.mark.parametrize(
    "left_out",
    [[key] for key in keys(SEED)] + [list(keys(SEED))],
    ids=lambda left_out: ".".join(left_out[0]) if len(left_out) == 1 else "everything",
)
async def test_any_key_may_be_left_out_and_it_still_collects_and_delivers(
    tmp_path, monkeypatch, hostile_server, left_out
):
    """B-11: missing values meant a crash, a scheduler that ran nothing, sends that all failed, or silence.
    Here each has a default with which samples arrive.
    """
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(without(left_out, hostile_server.url)))
    file.chmod(0o600)
    environ = {
        "API_TOKEN": "t", "XDG_DATA_HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path),
        "SENTINEL_TELEMETRY__LISTEN": "127.0.0.1:0",
    }  # fmt: skip
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    agent = Agent(load(file, environ), Registry.discover(), environ=environ)
    await agent.start()
    await eventually(lambda: agent.stations.scheduler.totals.success >= 2)
    await agent.stop()
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [line["value"] for line in lines if line["name"] == "up"][:2] == [1, 1]
