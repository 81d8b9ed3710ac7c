"""Prometheus stored a request and could not say so: what it refuses when that comes again, it has already."""

from __future__ import annotations

import signal

import pytest

from orbital_testbench import wait_until

pytestmark = pytest.mark.real


def deliver(sentinel, prometheus, silences):
    """An agent that delivers to Prometheus over a relay, several samples of each series a request."""
    silence = silences(prometheus.host, prometheus.port)
    sentinel.configure(
        sentinel={"labels": {"site": sentinel.folder.name}},
        buffer={"type": "disk", "disk_path": "buffer"},
        sender={"direct": {"prometheus": {
            "url": f"http://127.0.0.1:{silence.relay.port}/api/v1/write",
            "batch_size": 200, "flush_interval": "300ms",
            "retry_interval": "50ms", "retry_max_interval": "200ms", "breaker": {"failures": 1000},
        }}},
        tasks=[
            {"id": h, "plugin": "ping", "interval": "100ms", "config": {"host": h, "count": 1}}
            for h in ("127.0.0.1", "127.0.0.2")
        ],
    )  # fmt: skip
    sentinel.start()
    wait_until(lambda: delivered(sentinel))
    return silence


def delivered(sentinel) -> int:
    return sentinel.account("prometheus").get("delivered", 0)


def stored(sentinel, prometheus) -> int:
    found = prometheus.samples(f'{{__name__=~".+",site="{sentinel.folder.name}"}}')
    return sum(len(one.samples) for one in found)


def in_doubt(sentinel, prometheus, silence) -> None:
    """Return when Prometheus stored a request of which the agent has not heard."""
    silence.begin()
    before = stored(sentinel, prometheus)
    wait_until(lambda: stored(sentinel, prometheus) > before)


@pytest.mark.parametrize(
    ("killed", "window"),
    [("agent", None), ("agent", "1ms"), ("server", None), ("connection", None)],
    ids=["agent", "agent, refused as too old", "server", "connection"],
)
def test_what_is_stored_already_is_delivered(sentinel, start_prometheus, silences, killed, window):
    """Killed with `kill -9` or cut off between the store and its answer: the samples come again, are refused,
    and count as delivered; nothing is a dead letter, and nothing is missing.
    """
    prometheus = start_prometheus(out_of_order=window)
    line = deliver(sentinel, prometheus, silences)
    in_doubt(sentinel, prometheus, line)
    if killed == "agent":
        sentinel.end(signal.SIGKILL)
    elif killed == "server":
        prometheus.kill()
        prometheus.start()
    line.relay.cut_all()
    line.end()
    if killed == "agent":
        sentinel.start()
    known = delivered(sentinel)
    wait_until(lambda: delivered(sentinel) > known + 400)
    assert sentinel.account("prometheus")["dead_lettered"] == 0
    assert sentinel.end() == 0
    (book,) = sentinel.json("buffer", "status")["outputs"]
    assert (book["waiting"], book["dead_lettered"]) == (0, 0)
    assert stored(sentinel, prometheus) == book["delivered"]
