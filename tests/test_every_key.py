"""Every key of the original configuration has its effect."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from orbital_testbench import Answer, NoAnswer, VictoriaMetrics, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
ROOT = HERE.parent
SEED = (HERE / "data" / "seed-config.yaml").read_text()
CORE = "packages/orbital-gravital/tests/test_core_"
OURS = "tests/test_every_key.py::"
LOGS = "tests/test_logging_keys.py::test_logging_"
MAIN_JOB = "tests/test_seed_configuration.py::test_each_run_reaches_prometheus"
OUTPUTS = "tests/test_outputs.py::test_one_dead_output_costs_the_others_nothing"
WATCH = (
    "packages/orbital-runtime/tests/agent/test_config_watch.py::test_where_the_system_tells_nothing"
)
SHOWN_BY = {
    "sentinel.id": f"{OURS}test_who_collects_stands_on_every_sample",
    "sentinel.name": f"{OURS}test_who_collects_stands_on_every_sample",
    "sentinel.region": f"{OURS}test_who_collects_stands_on_every_sample",
    "sentinel.labels": f"{OURS}test_who_collects_stands_on_every_sample",
    "core.url": f"{CORE}loop.py::test_what_a_task_gives_arrives",
    "core.api_token": "tests/test_secrets.py::test_no_secret_is_shown_anywhere",
    "core.insecure_skip_verify": f"{CORE}client.py::test_a_certificate_is_verified",
    "heartbeat.interval": f"{CORE}loop.py::test_a_heartbeat_tells_the_truth",
    "heartbeat.timeout": f"{CORE}loop.py::test_a_heartbeat_tells_the_truth",
    "heartbeat.retry_times": f"{CORE}away.py::test_nothing_waits_for_a_registration",
    "collector.worker_pool_size": f"{OURS}test_no_more_collections_run_at_once",
    "collector.task_fetch_interval": f"{CORE}loop.py::test_tasks_are_obeyed_within_a_fetch",
    "collector.max_execution_time": f"{OURS}test_no_run_takes_longer",
    "buffer.type": "tests/test_disk_buffer_faults.py",
    "buffer.size": f"{OURS}test_the_buffer_holds_no_more",
    "buffer.flush_interval": f"{OURS}test_batches_wait_for_the_flush_interval",
    "buffer.disk_path": "tests/test_disk_buffer_faults.py",
    "sender.mode": f"{OURS}test_the_mode_says_where_samples_go",
    "sender.batch_size": f"{OURS}test_requests_are_no_larger_than_a_batch",
    "sender.timeout": f"{OURS}test_a_silent_destination_is_given_up",
    "sender.retry_times": f"{OURS}test_failures_in_a_row_open_the_breaker",
    "sender.retry_interval": f"{OURS}test_the_first_pause_is_no_longer",
    "sender.direct.prometheus.enabled": f"{OURS}test_the_mode_says_where_samples_go",
    "sender.direct.prometheus.url": MAIN_JOB,
    "sender.direct.victoria_metrics.enabled": OUTPUTS,
    "sender.direct.victoria_metrics.url": OUTPUTS,
    "sender.direct.clickhouse.enabled": "tests/test_three_databases.py",
    "sender.direct.clickhouse.dsn": "packages/orbital-writer-clickhouse/tests/test_clickhouse_dsn.py",
    "plugins.directory": "tests/test_directory_plugins.py::test_the_seeds_plugin",
    "plugins.auto_reload": f"{OURS}test_files_are_left_alone_without_auto_reload",
    "plugins.reload_interval": WATCH,
    "logging.level": f"{LOGS}level",
    "logging.format": f"{LOGS}format",
    "logging.output": f"{LOGS}output",
    "logging.file_path": f"{LOGS}output",
    "logging.max_size": f"{LOGS}files_are_rotated",
    "logging.max_backups": f"{LOGS}files_are_rotated",
    "logging.max_age": f"{LOGS}files_are_rotated",
}  # fmt: skip
TASK = {"id": "here", "plugin": "ping", "interval": "100ms"}
HERE_CONFIG = {"config": {"host": "127.0.0.1", "count": 1}}

STRANGE = """\
import asyncio

from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig

AT_ONCE = Metric("runs_at_once", "Collections of this plugin that go on")
running = 0


class Slow(Plugin[DeviceFields, PluginConfig]):
    name = "slow"

    async def collect(self, device, ctx):
        global running
        running += 1
        await asyncio.sleep(0.1)
        yield AT_ONCE(running)
        running -= 1


class Hangs(Plugin[DeviceFields, PluginConfig]):
    name = "hangs"

    async def collect(self, device, ctx):
        await asyncio.Event().wait()
        yield AT_ONCE(0)
"""


def keys(section: dict[str, Any], above: str = "") -> Iterator[str]:
    for name, value in section.items():
        if isinstance(value, dict) and name != "labels":
            yield from keys(value, f"{above}{name}.")
        else:
            yield f"{above}{name}"


def test_none_is_forgotten():
    """Each key of the original file is in the table above, with a test that exists."""
    assert list(keys(yaml.safe_load(SEED))) == list(SHOWN_BY)
    for place in SHOWN_BY.values():
        file, _, test = place.partition("::")
        assert f"def {test}" in (ROOT / file).read_text() if test else (ROOT / file).is_file()


def with_strangers(sentinel) -> None:
    sentinel.install("strange", STRANGE, slow="Slow", hangs="Hangs")


def into_a_file(**more: object) -> dict[str, object]:
    return {"direct": {"file": {"path": "out.jsonl"}}, **more}


def into(server, **more: object) -> dict[str, object]:
    """A `sender` section that sends to this server."""
    return {"direct": {"central": {"writer": "prometheus", "url": f"{server.url}/w"}}, **more}


# ---- who, and what comes later --------------------------------------------------------------------


@pytest.mark.real
def test_who_collects_stands_on_every_sample(sentinel, lines_of, victoria_metrics: VictoriaMetrics):
    """sentinel.id, name, region and labels: in the file, in the database, in the status."""
    me = {"id": f"id-{os.getpid()}", "name": "edge-1", "region": "north"}
    outputs = {"victoria_metrics": {"url": victoria_metrics.write_url}, "file": {"path": "o.jsonl"}}
    sentinel.configure(
        sentinel=me | {"labels": {"rack": me["id"]}},
        sender={"direct": outputs},
        tasks=[TASK | HERE_CONFIG],
    )
    assert sentinel.command("run", "--once").returncode == 0
    assert {line["sentinel"] for line in lines_of(sentinel.folder / "o.jsonl")} == {me["id"]}
    for stored in victoria_metrics.samples(f'{{rack="{me["id"]}"}}'):
        assert (stored.labels["sentinel"], stored.labels["region"]) == ("edge-1", "north")
    sentinel.start()
    assert sentinel.status()["sentinel"] == me | {"labels": {"rack": me["id"]}}


# ---- collector ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "most"), [(1, 1), (2, 2), (10, 4)])
def test_no_more_collections_run_at_once(sentinel, lines_of, size, most):
    """collector.worker_pool_size."""
    with_strangers(sentinel)
    sentinel.configure(
        collector={"worker_pool_size": size},
        sender=into_a_file(),
        tasks=[{"id": str(n), "plugin": "slow"} for n in range(4)],
    )
    assert sentinel.command("run", "--once").returncode == 0
    lines = lines_of(sentinel.folder / "out.jsonl")
    assert max(line["value"] for line in lines if line["name"] == "runs_at_once") == most


def test_no_run_takes_longer(sentinel):
    """collector.max_execution_time, whatever the task says; which is noted."""
    with_strangers(sentinel)
    sentinel.configure(
        collector={"max_execution_time": "300ms"},
        sender=into_a_file(),
        tasks=[{"id": "a", "plugin": "hangs", "timeout": "50s"}],
    )
    done = sentinel.command("run", "--once")
    assert "no result within 0.3 s" in done.stdout
    assert "tasks.a.timeout: collector.max_execution_time ends its runs after 300ms" in (
        sentinel.command("validate").stdout
    )


# ---- buffer ---------------------------------------------------------------------------------------


def test_the_buffer_holds_no_more(sentinel, hostile_server):
    """buffer.size: with an output that takes nothing the oldest samples go, and are counted."""
    hostile_server.default = Answer(503)
    sentinel.configure(
        buffer={"size": 100, "flush_interval": "50ms"},
        sender=into(hostile_server),
        tasks=[TASK | HERE_CONFIG],
    )
    sentinel.start()
    account = wait_until(lambda: (a := sentinel.account("central")).get("dropped") and a)
    assert account["dropped"]["full"] > 0
    assert account["waiting"] <= 100
    assert sentinel.metrics()["sentinel_buffer_size"] <= 100
    hostile_server.default = Answer(204)


def test_batches_wait_for_the_flush_interval(sentinel, hostile_server):
    """buffer.flush_interval: the first samples go at once; then an hour is not over, and the stop flushes all
    the same.
    """
    sentinel.configure(
        buffer={"flush_interval": "1h"}, sender=into(hostile_server), tasks=[TASK | HERE_CONFIG]
    )
    sentinel.start()
    hostile_server.wait_for_requests(1)
    wait_until(lambda: sentinel.account("central").get("waiting", 0) > 100)
    assert len(hostile_server.requests) == 1
    assert sentinel.end() == 0
    assert len(hostile_server.requests) > 1


# ---- sender ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "enabled", "waiting", "delivered"),
    [
        ("direct", True, {"central": 0}, True),
        ("direct", False, {"file": 0}, False),
        ("hybrid", True, {"central": 0}, True),
        ("core", True, {}, False),
    ],
)
def test_the_mode_says_where_samples_go(
    sentinel, hostile_server, mode, enabled, waiting, delivered
):
    """sender.mode, and `enabled` of an output: who gets samples, and for whom they wait."""
    section = into(hostile_server, mode=mode)
    section["direct"]["central"]["enabled"] = enabled
    if not enabled:
        section["direct"]["file"] = {"path": "out.jsonl"}
    sentinel.configure(
        buffer={"flush_interval": "50ms"}, sender=section, tasks=[TASK | HERE_CONFIG]
    )
    sentinel.start()
    wait_until(lambda: sentinel.tasks()[0]["runs"] >= 3)
    outputs = {one["name"] for one in sentinel.status()["outputs"]}
    assert outputs == ({"core"} if mode == "core" else set(waiting))
    assert sentinel.end() == 0
    assert bool(hostile_server.requests) is delivered


@pytest.mark.parametrize(("size", "requests"), [(6000, 1), (48, 2), (24, 4)])
def test_requests_are_no_larger_than_a_batch(sentinel, hostile_server, size, requests):
    """sender.batch_size: four collections of 24 samples each."""
    sentinel.configure(
        sender=into(hostile_server, batch_size=size),
        tasks=[TASK | HERE_CONFIG | {"id": str(n)} for n in range(4)],
    )
    done = sentinel.command("run", "--once")
    assert done.returncode == 0, done.stderr
    assert len(hostile_server.requests) == requests


def test_a_silent_destination_is_given_up(sentinel, hostile_server):
    """sender.timeout."""
    hostile_server.default = NoAnswer()
    sentinel.configure(
        buffer={"flush_interval": "50ms"},
        sender=into(hostile_server, timeout="300ms"),
        tasks=[TASK | HERE_CONFIG],
    )
    sentinel.start()
    told = wait_until(lambda: sentinel.status()["outputs"][0]["last_error"])
    assert re.search(r"answer within 0\.3 s|complete answer in time", told)  # whoever is first
    hostile_server.default = Answer(204)


def test_failures_in_a_row_open_the_breaker(sentinel, hostile_server):
    """sender.retry_times: after so many attempts the output is left alone for a while."""
    hostile_server.default = Answer(503)
    sentinel.configure(
        buffer={"flush_interval": "50ms"},
        sender=into(hostile_server, retry_times=4, retry_interval="20ms"),
        tasks=[TASK | HERE_CONFIG],
    )
    sentinel.start()
    wait_until(lambda: sentinel.status()["outputs"][0]["breaker"] == "open")
    assert len(hostile_server.requests) == 4
    hostile_server.default = Answer(204)


def test_the_first_pause_is_no_longer(sentinel, hostile_server):
    """sender.retry_interval: the moment of the next attempt lies within it."""
    hostile_server.default = Answer(503)
    sentinel.configure(
        buffer={"flush_interval": "50ms"},
        sender=into(hostile_server, retry_interval="600s", retry_max_interval="600s"),
        tasks=[TASK | HERE_CONFIG],
    )
    sentinel.start()
    until = wait_until(lambda: sentinel.status()["outputs"][0]["until_ms"])
    assert 0 < until / 1000 - time.time() <= 600
    assert len(hostile_server.requests) == 1
    hostile_server.default = Answer(204)


# ---- plugins --------------------------------------------------------------------------------------


def test_files_are_left_alone_without_auto_reload(sentinel):
    """plugins.auto_reload: false; SIGHUP reads them all the same."""
    settings = {"plugins": {"auto_reload": False}, "sender": into_a_file()}
    sentinel.configure(**settings, tasks=[TASK | HERE_CONFIG])
    sentinel.start()
    sentinel.configure(**settings, tasks=[TASK | HERE_CONFIG | {"id": "there"}])
    before = wait_until(lambda: sentinel.tasks()[0]["runs"])
    wait_until(lambda: sentinel.tasks()[0]["runs"] >= before + 10)
    assert [task["id"] for task in sentinel.tasks()] == ["here"]
    sentinel.process.send_signal(signal.SIGHUP)
    wait_until(lambda: [task["id"] for task in sentinel.tasks()] == ["there"])
