"""One agent, three databases: each is fed at its own pace, and in the end all hold the same samples."""

from __future__ import annotations

import math
import signal
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import pytest

from orbital_testbench import Relay, wait_until

OUTAGE = 200
"""Samples that the others get while one is away."""
pytestmark = pytest.mark.real


@pytest.fixture
def table(clickhouse):
    """A database of the test's own: its name, and a relay before the server."""
    name, parts = clickhouse.new_database(), urlsplit(clickhouse.dsn)
    with Relay(parts.hostname, parts.port) as relay:
        yield name, relay
    clickhouse.query(f"DROP DATABASE {name}")


def settings(sentinel, clickhouse, table, **direct: Any) -> dict[str, Any]:
    name, relay = table
    parts = urlsplit(clickhouse.in_database(name))
    user = parts.netloc.rpartition("@")[0]
    return {
        "sentinel": {"labels": {"site": sentinel.folder.name}},
        "buffer": {"type": "disk", "disk_path": "buffer", "flush_interval": "100ms"},
        "sender": {
            "retry_interval": "50ms",
            "retry_max_interval": "200ms",
            "breaker": {"failures": 1000},
            "direct": {
                "clickhouse": {"dsn": f"http://{user}@127.0.0.1:{relay.port}/{name}"},
                **direct,
            },
        },
        "tasks": [
            {"id": h, "plugin": "ping", "interval": "250ms", "config": {"host": h, "count": 1}}
            for h in ("127.0.0.1", "127.0.0.2")
        ],
    }


def stored(server, site: str) -> list[tuple[str, str, int]]:
    """Name, device and time of each sample, in order; those stored twice appear twice."""
    return sorted(
        (points.labels["__name__"], points.labels["device_id"], ts)
        for points in server.samples(f'{{site="{site}"}}')
        for ts, value in points.samples
        if value is not None and not math.isnan(value)  # those that end a series are not samples
    )


def rows(clickhouse, *tables: str) -> list[tuple[str, str, int]]:
    """The same out of ClickHouse."""
    columns = "metric_name, device_id, toUnixTimestamp64Milli(timestamp)"
    found = [row for each in tables for row in clickhouse.query(f"SELECT {columns} FROM {each}")]
    return sorted((name, device, ts) for name, device, ts in found)


def delivered(sentinel, output: str) -> int:
    return sentinel.account(output).get("delivered", 0)


def passes(sentinel, away: str, *others: str) -> None:
    """While one is away, the others get their samples and it gets none."""
    before = delivered(sentinel, away)
    goals = {name: delivered(sentinel, name) + OUTAGE for name in others}
    wait_until(
        lambda: all(delivered(sentinel, name) >= goals[name] for name in others), timeout=180
    )
    assert delivered(sentinel, away) <= before + OUTAGE // 4  # what was on its way
    assert sentinel.account(away)["waiting"] > 0


def test_each_is_away_in_turn_and_all_hold_the_same(
    sentinel, start_prometheus, start_victoria_metrics, clickhouse, table
):
    """Prometheus, VictoriaMetrics and ClickHouse, each gone for a while: only it is late, nothing is lost
    and nothing is there twice.
    """
    name, relay = table
    prometheus, victoria = start_prometheus(), start_victoria_metrics()
    config = settings(
        sentinel,
        clickhouse,
        table,
        prometheus={"url": prometheus.write_url},
        victoria_metrics={"url": victoria.write_url},
    )
    sentinel.configure(**config)
    sentinel.start("--config", "config.yaml")
    names = ("prometheus", "victoria_metrics", "clickhouse")
    wait_until(lambda: all(delivered(sentinel, each) for each in names))
    outages = {
        "prometheus": (prometheus.kill, prometheus.start),
        "victoria_metrics": (victoria.stop, victoria.start),
        "clickhouse": (relay.refuse, relay.listen),
    }
    for away, (leave, come_back) in outages.items():
        leave()
        passes(sentinel, away, *[each for each in names if each != away])
        come_back()
        wait_until(lambda away=away: sentinel.account(away)["waiting"] < OUTAGE // 2)
    assert sentinel.end() == 0
    expected = rows(clickhouse, f"{name}.metrics")
    assert len(expected) > 3 * OUTAGE
    site = sentinel.folder.name
    assert stored(prometheus, site) == expected
    assert stored(victoria, site) == expected


def test_a_reload_touches_one_output(sentinel, victoria_metrics, clickhouse, table):
    """ClickHouse is pointed to another table and then switched off: VictoriaMetrics misses nothing, and
    the two tables together hold what it holds of that time. A request that was under way when the table
    changed may be in both: it is sent again, and each table recognises only its own.
    """
    name, _ = table
    url = {"url": victoria_metrics.write_url}
    config = settings(sentinel, clickhouse, table, victoria_metrics=url)
    sentinel.configure(**config)
    sentinel.start("--config", "config.yaml")
    wait_until(lambda: delivered(sentinel, "clickhouse") >= OUTAGE)
    config["sender"]["direct"]["clickhouse"]["table"] = "other"
    sentinel.configure(**config)
    sentinel.process.send_signal(signal.SIGHUP)
    wait_until(lambda: clickhouse.query(f"SHOW TABLES FROM {name} LIKE 'other'"))
    wait_until(lambda: clickhouse.one(f"SELECT count() FROM {name}.other") >= OUTAGE)
    config["sender"]["direct"]["clickhouse"]["enabled"] = False
    sentinel.configure(**config)
    sentinel.process.send_signal(signal.SIGHUP)
    wait_until(lambda: phase(sentinel, "clickhouse") in {"", "orphaned"})
    goal = delivered(sentinel, "victoria_metrics") + OUTAGE
    wait_until(lambda: delivered(sentinel, "victoria_metrics") >= goal)
    assert sentinel.end() == 0
    ours = rows(clickhouse, f"{name}.metrics", f"{name}.other")
    theirs = stored(victoria_metrics, sentinel.folder.name)
    assert rows(clickhouse, f"{name}.metrics")
    latest = max(ts for *_, ts in ours)
    before = [sample for sample in theirs if sample[2] < latest]
    held = Counter(sample for sample in ours if sample[2] < latest)
    assert not Counter(before) - held
    assert set(held) == set(before)
    assert len(theirs) > len(before)


def test_the_command_that_a_writer_adds(sentinel):
    """`sentinel clickhouse schema` comes with the package, and needs no server and no configuration."""
    done = sentinel.command("clickhouse", "schema", "--schema", "otel", "--database", "metrics")
    assert done.returncode == 0, done.stderr
    assert "CREATE TABLE IF NOT EXISTS `metrics`.`otel_metrics_sum`" in done.stdout
    assert "clickhouse" in sentinel.command("--help").stdout


def phase(sentinel, output: str) -> str:
    phases = {one["name"]: one["phase"] for one in sentinel.status()["outputs"]}
    return phases.get(output, "")
