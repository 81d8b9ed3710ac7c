"""Gravital Core and an agent whose configuration changes while it runs: mode, intervals, another Core."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from orbital_devcore.core import Core
from orbital_devcore.demo import Demo, place
from orbital_devcore.peer import Peer
from orbital_devcore.serving import serving
from orbital_testbench import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


def running(device: str, *, quirks: bool = False) -> Iterator[Peer]:
    """A Core with one device that is pinged every second."""
    core = Core(quirks=quirks)
    here = {"name": device, "connection_config": {"host": "127.0.0.1"}}
    task = {"device_id": device, "plugin_name": "ping", "interval_seconds": 1}
    place(core, Demo.model_validate({"devices": {device: here}, "tasks": {f"task-{device}": task}}))
    with serving(core) as address:
        yield Peer(address, core)


@pytest.fixture(params=["sane", "quirks"])
def peer(request):
    yield from running("dev-a", quirks=request.param == "quirks")


@pytest.fixture
def sane():
    yield from running("dev-a")


@pytest.fixture
def other():
    yield from running("dev-b")


class Site:
    """An agent, its configuration, and the file that its outputs write."""

    def __init__(self, sentinel: Any) -> None:
        self.sentinel = sentinel
        self.file = sentinel.folder / "out.jsonl"

    def configure(self, peer: Peer, mode: str, **sections: Any) -> None:
        often = {"heartbeat": {"interval": "200ms"}, "collector": {"task_fetch_interval": "200ms"}}
        self.sentinel.configure(
            core={"url": peer.address},
            sender={"mode": mode, "direct": {"file": {"path": str(self.file)}}},
            **often | {"buffer": {"flush_interval": "100ms"}} | sections,
        )

    def written(self) -> set[str]:
        """Devices of which a sample is in the file."""
        lines = self.file.read_text().splitlines(keepends=True) if self.file.exists() else []
        whole = [json.loads(line) for line in lines if line.endswith("\n")]
        return {one.get("labels", {}).get("device_id", "") for one in whole}

    def change(self, word: str, peer: Peer, mode: str, **sections: Any) -> None:
        """Write another configuration; the agent finds that by itself, and its log says what changed."""
        size = self.sentinel.log.stat().st_size
        self.configure(peer, mode, **sections)
        told = f"reloaded: {word}".encode()
        wait_until(lambda: told in self.sentinel.log.read_bytes()[size:], what=told.decode())


@pytest.fixture
def site(sentinel):
    return Site(sentinel)


def states(peer: Peer, device: str) -> list[float]:
    found = peer.samples("device_status")
    return [one["value"] for one in found if one["labels"]["device_id"] == device]


def test_hybrid_is_samples_to_the_outputs_and_all_else_to_core(site, peer):
    """As a process: both at once (B-2), and no sample of a plugin at Core."""
    site.configure(peer, "hybrid")
    site.sentinel.start()
    wait_until(lambda: "dev-a" in site.written())
    wait_until(lambda: peer.runs("task-dev-a"))
    wait_until(lambda: states(peer, "dev-a"))
    assert site.sentinel.end() == 0
    assert {one["name"] for one in peer.samples()} == {"device_status"}


def test_the_mode_changes_while_it_runs(site, sane):
    """From the outputs alone to both, and to Core alone; tasks of Core run in each of them."""
    site.configure(sane, "direct")
    site.sentinel.start()
    wait_until(lambda: "dev-a" in site.written())
    wait_until(lambda: sane.runs("task-dev-a"))
    assert sane.samples() == []
    site.change("sender.mode", sane, "hybrid")
    wait_until(lambda: states(sane, "dev-a"))
    site.change("sender.mode", sane, "core")
    wait_until(lambda: sane.samples("ping_reachable"))
    size = site.file.stat().st_size
    seen = len(sane.runs("task-dev-a"))
    wait_until(lambda: len(sane.runs("task-dev-a")) > seen + 1)
    assert site.file.stat().st_size == size
    assert site.sentinel.end() == 0


def test_what_waits_for_core_arrives_in_another_mode_too(site, peer):
    """Core's ingest fails, the mode becomes hybrid, the agent starts again: as soon as Core takes samples it
    gets those of before, each once, and none of meanwhile; then nothing is left of that output.
    """
    disk = {"buffer": {"type": "disk", "disk_path": "buffer", "flush_interval": "100ms"}}
    peer.fault(path="/api/v1/data/ingest", status=503)
    site.configure(peer, "core", **disk)
    site.sentinel.start()
    wait_until(lambda: site.sentinel.account("core").get("accepted", 0) >= 20)
    site.change("sender.mode", peer, "hybrid", **disk)
    accepted = site.sentinel.account("core")["accepted"]
    wait_until(lambda: "dev-a" in site.written())
    assert site.sentinel.end() == 0
    site.sentinel.start()
    account = site.sentinel.account("core")
    assert (account["accepted"], account["waiting"]) == (accepted, accepted)
    assert "output_orphaned" not in site.sentinel.get("/readyz")[1]
    peer.cure()
    wait_until(lambda: "core" not in [one["name"] for one in site.sentinel.status()["outputs"]])
    assert site.sentinel.end() == 0
    arrived = [one for one in peer.samples() if one["name"] != "device_status"]
    assert len(arrived) == accepted
    assert "is not configured any more" not in site.sentinel.log.read_text()


def test_the_intervals_change_while_it_runs(site, sane):
    """Rare heartbeats and lists become frequent ones; a task that came meanwhile is obeyed then."""
    rare = {"heartbeat": {"interval": "1h"}, "collector": {"task_fetch_interval": "1h"}}
    site.configure(sane, "core", **rare)
    site.sentinel.start()
    wait_until(lambda: [one["id"] for one in site.sentinel.tasks()] == ["task-dev-a"])
    sane.data("DELETE", "/api/v1/tasks/task-dev-a")
    site.change("heartbeat.interval", sane, "core")
    wait_until(lambda: site.sentinel.tasks() == [])
    heard = site.sentinel.status()["core"]["heartbeats"]
    wait_until(lambda: site.sentinel.status()["core"]["heartbeats"] > heard + 1)
    assert site.sentinel.end() == 0


def test_another_core_while_it_runs(site, sane, other):
    """Its own identity, its own tasks; what the first one gave is shown to nobody else, and works again."""
    site.configure(sane, "core")
    site.sentinel.start()
    wait_until(lambda: sane.runs("task-dev-a"))
    (mine,) = sane.core.db.rows("select sentinel_id, api_token from sentinels")
    site.change("core.url", other, "core")
    wait_until(lambda: other.runs("task-dev-b"))
    wait_until(lambda: [one["id"] for one in site.sentinel.tasks()] == ["task-dev-b"])
    wait_until(lambda: other.samples("ping_reachable"))
    site.change("core.url", sane, "core")
    seen = len(sane.runs("task-dev-a"))
    wait_until(lambda: len(sane.runs("task-dev-a")) > seen)
    assert site.sentinel.status()["core"]["sentinel_id"] == mine["sentinel_id"]
    assert site.sentinel.end() == 0
    assert mine["api_token"] not in site.sentinel.log.read_text()
