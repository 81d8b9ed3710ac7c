"""An hour's outage on a disk buffer, with real processes: fresh samples first, another output untouched."""

from __future__ import annotations

import signal
import time
from collections import Counter
from itertools import pairwise

import pytest

from orbital_testbench import Answer, HostileServer, wait_until

SERIES, POINTS, HOUR = 20, 300, 3600
HISTORY = f"""
import time
from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig, Session

class Device(DeviceFields):
    host: str

class History(Plugin[Device, PluginConfig]):
    name = "history"
    summary = "Five minutes of a device that keeps its own record, at each run; of `now` nothing"
    reading = Metric("reading", "One a second", labels=("row",))

    async def open(self, device):
        return Record(self.reading, device.host == "history")

class Record(Session):
    def __init__(self, reading, kept):
        self.reading, self.kept = reading, kept
        self.run, self.first = -1, int(time.time()) - 4 * {HOUR}

    async def collect(self, ctx):
        self.run += 1
        first = self.first + self.run * {POINTS}
        for row in range({SERIES} if self.kept else 0):
            for point in range({POINTS}):
                yield self.reading(float(self.run), str(row), ts=(first + point) * 1000)
"""


@pytest.fixture
def away():
    """The destination of the outage."""
    with HostileServer() as server:
        yield server


def settings(sentinel, away, healthy, *hosts, rate=2000):
    sentinel.configure(
        buffer={"type": "disk", "disk_path": "buffer", "flush_interval": "100ms"},
        sender={
            "retry_interval": "50ms",
            "retry_max_interval": "200ms",
            "breaker": {"failures": 1000},
            "backlog_after": "1s",
            "direct": {
                name: {
                    "writer": "victoria_metrics",
                    "url": sink.url,
                    "compression": "snappy",
                    **more,
                }
                for name, sink, more in (
                    ("away", away, {"backlog_rate": rate}),
                    ("healthy", healthy, {}),
                )
            },
        },
        tasks=[
            {"id": host, "plugin": "history", "interval": "200ms", "config": {"host": host}}
            for host in hosts
        ],
    )


def arrived(sink, written):
    """All samples, in the order of their arrival."""
    return [sample for request in list(sink.requests) for sample in written(request.body)]


def one(sentinel, output):
    return next(each for each in sentinel.status()["outputs"] if each["name"] == output)


def test_an_hours_outage_costs_nothing_and_holds_nobody(
    sentinel, away, hostile_server, ledgers_of, written
):
    """Fresh samples overtake the hour that waits, which comes in order, over a kill -9 on the way."""
    healthy = hostile_server
    sentinel.install("acme-history", HISTORY, history="History")
    away.default, healthy.default = Answer(503), Answer(204)
    settings(sentinel, away, healthy, "history", "now")
    sentinel.start("--config", "config.yaml")
    wait_until(lambda: one(sentinel, "away")["waiting"] >= SERIES * HOUR)
    wait_until(lambda: one(sentinel, "healthy")["sent_samples"] >= SERIES * HOUR)
    assert one(sentinel, "away")["sent_samples"] == 0
    settings(sentinel, away, healthy, "now")
    wait_until(lambda: sentinel.status()["tasks"]["total"] == 1)
    healthy.wait_for_requests(len(healthy.requests) + 4)  # what is younger than a flush is fresh

    away.requests.clear()
    back, away.default = time.time() * 1000, Answer(204)
    told = wait_until(lambda: one(sentinel, "away")["backlog_seconds"] and one(sentinel, "away"))
    assert told["backlog"] > 0
    assert "output away catches up" in sentinel.command("status").stdout
    sentinel.end(signal.SIGKILL)  # at this rate most of it is still to come
    settings(sentinel, away, healthy, "now", rate=30_000)
    sentinel.start("--config", "config.yaml")
    wait_until(lambda: one(sentinel, "away")["backlog"] > 0)
    wait_until(lambda: one(sentinel, "away")["backlog"] == 0)
    settings(sentinel, away, healthy)
    wait_until(lambda: sentinel.status()["tasks"]["total"] == 0)
    wait_until(lambda: not any(each["waiting"] for each in sentinel.status()["outputs"]))
    assert sentinel.end() == 0
    ledger = ledgers_of(sentinel.folder / "buffer")["away"]

    there, here = arrived(away, written), set(arrived(healthy, written))
    assert set(there) == here
    assert ledger.accepted == ledger.delivered == len(here)
    doubled = [sample for sample, times in Counter(there).items() if times > 1]
    assert len(doubled) <= 2000  # one request, in flight at the kill
    readings = [sample for sample in dict.fromkeys(there) if sample.name == "reading"]
    assert len(readings) >= SERIES * HOUR
    for number in range(SERIES):
        times = [sample.ms for sample in readings if sample.row == str(number)]
        assert all(a < b for a, b in pairwise(times))
    last = max(n for n, sample in enumerate(there) if sample.name == "reading")
    assert [sample for sample in there[:last] if sample.name == "up" and sample.ms > back]
