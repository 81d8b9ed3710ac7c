"""Neighbours in hybrid mode: those that are there, and no others."""

from __future__ import annotations

import pytest

from orbital_gravital.devices.neighbors import REPEAT, Neighbors
from orbital_gravital.errors import CoreTooLarge, CoreUnavailable
from orbital_runtime.engine.batching.batcher import Batcher
from orbital_runtime.engine.report import Report
from orbital_sdk import Identity, Origin

from .conftest import Probe


class Recorder:
    """Takes what is sent: all of it, none, or so many at once."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, list[str]]] = []
        self.away = False
        self.room = 100

    async def call(self, method, path, body):
        if self.away:
            raise CoreUnavailable("away")
        if len(body["neighbors"]) > self.room:
            raise CoreTooLarge("too large")
        names = [one["neighbor_port_id"] for one in body["neighbors"]]
        self.sent.append((body["device_id"], names))


class Watched:
    """A task whose collections pass by, as the engine shows them."""

    def __init__(self, neighbors: Neighbors, device: str = "dev-1", task: str = "t") -> None:
        self._neighbors = neighbors
        self._batcher = Batcher(Origin(task, "probe", device, "10.0.0.1", Identity("id", "edge")))
        self._now = 1_795_521_600_000

    def gave(self, *ports: str) -> None:
        self._now += 60_000
        found = [Probe.neighbor(1.0, "Gi0/1", "00:11:22:33:44:55", port, "120") for port in ports]
        made = self._batcher.make(found, Report(1, 0.1, len(ports), 5), self._now)
        for batch in (*made.batches, made.stale):
            if batch is not None:
                self._neighbors.see(batch)

    def ended(self) -> None:
        self._neighbors.see(self._batcher.end_series(self._now + 1))


@pytest.fixture
def line():
    return Recorder()


@pytest.fixture
def neighbors(line, clock):
    return Neighbors(line, clock, {"probe": Probe.metadata}.__getitem__)


async def test_neighbours_are_told_once_and_again_every_hour(neighbors, line, clock):
    """A collection that finds the same is no news."""
    task = Watched(neighbors)
    for _ in range(3):
        task.gave("a", "b")
        await neighbors.send_due()
    assert line.sent == [("dev-1", ["a", "b"])]
    clock.advance(REPEAT)
    await neighbors.send_due()
    assert line.sent == [("dev-1", ["a", "b"])] * 2


async def test_a_neighbour_that_is_gone_is_not_told_again(neighbors, line, clock):
    """Nor any of a device where all are gone; one that comes back is news."""
    task = Watched(neighbors)
    for ports in (("a", "b"), ("b",), ()):
        task.gave(*ports)
        await neighbors.send_due()
        clock.advance(REPEAT)
        await neighbors.send_due()
    assert line.sent == [("dev-1", ["a", "b"])] * 2 + [("dev-1", ["b"])]
    task.gave("a")
    await neighbors.send_due()
    assert line.sent[-1] == ("dev-1", ["a"])


async def test_a_removed_task_takes_its_neighbours_along_and_no_others(neighbors, line, clock):
    """Also where two tasks look at one device."""
    one, two = Watched(neighbors), Watched(neighbors, task="other")
    one.gave("a")
    two.gave("b")
    one.ended()
    await neighbors.send_due()
    assert line.sent == [("dev-1", ["b"])]
    two.ended()
    clock.advance(REPEAT)
    await neighbors.send_due()
    assert len(line.sent) == 1


async def test_what_did_not_get_there_is_told_later_in_requests_that_pass(neighbors, line):
    """As many at once as the way to Core takes."""
    line.away = True
    Watched(neighbors).gave(*"abcde")
    await neighbors.send_due()
    line.away, line.room = False, 2
    await neighbors.send_due()
    assert sorted(port for _, ports in line.sent for port in ports) == list("abcde")
    await neighbors.send_due()
    assert max(len(ports) for _, ports in line.sent) == 2
