"""A destination that knows requests by their tokens has every sample once, whenever the agent is killed."""

from __future__ import annotations

import signal
from urllib.parse import urlsplit

import pytest

from orbital_testbench import wait_until

pytestmark = pytest.mark.real


@pytest.fixture
def database(clickhouse):
    """A database of the test's own."""
    name = clickhouse.new_database()
    yield name
    clickhouse.query(f"DROP DATABASE {name}")


@pytest.fixture
def silence(clickhouse, silences):
    parts = urlsplit(clickhouse.dsn)
    return silences(parts.hostname, parts.port)


def configure(sentinel, clickhouse, database: str, relay) -> None:
    user = urlsplit(clickhouse.dsn).netloc.rpartition("@")[0]
    output = {
        "dsn": f"http://{user}@127.0.0.1:{relay.port}/{database}",
        "batch_size": 60, "flush_interval": "200ms", "backlog_after": "1s", "backlog_rate": 100,
        "retry_interval": "50ms", "retry_max_interval": "200ms", "breaker": {"failures": 1000},
    }  # fmt: skip
    sentinel.configure(
        buffer={"type": "disk", "disk_path": "buffer"},
        sender={"mode": "direct", "direct": {"clickhouse": output}},
        tasks=[
            {"id": h, "plugin": "ping", "interval": "100ms", "config": {"host": h, "count": 1}}
            for h in ("127.0.0.1", "127.0.0.2")
        ],
    )


@pytest.mark.parametrize("late", [False, True], ids=["as it comes", "with a backlog"])
def test_killed_between_the_insert_and_its_answer(sentinel, clickhouse, database, silence, late):
    """ClickHouse stored a request, the agent is killed before it hears of it, and by then much more waits.
    After the start the same batches go out first, together, under the same token: no row is there twice.
    """

    def stored() -> int:
        return clickhouse.one(f"SELECT count() FROM {database}.metrics")

    configure(sentinel, clickhouse, database, silence.relay)
    sentinel.start("--config", "config.yaml")
    wait_until(lambda: sentinel.account("clickhouse").get("delivered"))
    if late:
        silence.relay.refuse()
        wait_until(lambda: sentinel.account("clickhouse")["waiting"] > 1000)
        silence.relay.listen()
        wait_until(lambda: sentinel.status()["outputs"][0]["backlog"])
    silence.begin()
    known = sentinel.account("clickhouse")["delivered"]
    wait_until(lambda: stored() > known)
    behind = sentinel.account("clickhouse")["waiting"]
    wait_until(lambda: sentinel.account("clickhouse")["waiting"] > behind + 100)
    assert stored() > sentinel.account("clickhouse")["delivered"]
    sentinel.end(signal.SIGKILL)
    silence.end()
    sentinel.start("--config", "config.yaml")
    wait_until(lambda: sentinel.account("clickhouse").get("delivered", 0) > known + 100)
    assert sentinel.end() == 0
    sample = "metric_name, toString(labels), timestamp"
    assert stored() == clickhouse.one(f"SELECT uniqExact({sample}) FROM {database}.metrics")
    assert stored() > known + 100
