"""What a running agent says about itself: every name of the original design, readiness with reasons."""

from __future__ import annotations

import json
import os
import re

import pytest

from orbital_testbench import Answer, Request, free_port, wait_until

ORIGINAL = (
    "info", "uptime_seconds", "tasks_total", "tasks_success_total", "tasks_failed_total",
    "task_duration_seconds", "plugins_loaded", "buffer_size", "buffer_usage_percent",
    "sent_metrics_total", "sent_bytes_total", "send_errors_total", "heartbeat_success_total",
    "heartbeat_failed_total", "cpu_usage_percent", "memory_usage_bytes", "goroutines",
)  # fmt: skip


@pytest.fixture(scope="module")
def watched(shared_sentinel):
    """An agent with a task that succeeds, one that fails, an output that works and one that is away."""
    shared_sentinel.configure(
        sender={
            "retry_interval": "100ms",
            "direct": {
                "file": {"path": "out.jsonl", "flush_interval": "100ms"},
                "away": {"writer": "prometheus", "url": "http://127.0.0.1:1/api/v1/write"},
            },
        },
        buffer={"flush_interval": "100ms"},
        tasks=[
            {"id": "well", "plugin": "ping", "interval": "300ms", "config": ping("127.0.0.1")},
            {"id": "ill", "plugin": "ping", "interval": "300ms", "config": ping("no.invalid")},
        ],
    )
    shared_sentinel.start("--config", "config.yaml")
    wait_until(lambda: shared_sentinel.metrics()["sentinel_send_errors_total"] >= 1)
    wait_until(lambda: shared_sentinel.metrics()["sentinel_sent_metrics_total"] >= 50)
    wait_until(lambda: shared_sentinel.metrics()["sentinel_tasks_failed_total"] >= 2)
    return shared_sentinel


def ping(host: str) -> dict[str, object]:
    return {"host": host, "count": 1, "timeout": "200ms"}


@pytest.mark.parametrize("name", ORIGINAL)
def test_each_name_of_the_original_design_is_there(watched, name):
    """With its help and its type, as dashboards and alerts expect it."""
    name, text = f"sentinel_{name}", watched.get("/metrics")[1]
    assert re.search(rf"^# HELP {name} \w", text, re.MULTILINE)
    assert re.search(rf"^# TYPE {name} (gauge|counter|histogram)$", text, re.MULTILINE)
    assert re.search(rf"^{name}(_count|_sum|_bucket)?(\{{.*\}})? [0-9.e+-]+$", text, re.MULTILINE)


def test_the_figures_are_sane(watched):
    """Each is of what it says: counts that add up, shares within bounds, bytes of a size that can be."""
    m = watched.metrics()
    (info,) = [name for name in m if name.startswith("sentinel_info{")]
    assert set(re.findall(r'(\w+)="[^"]+"', info)) == {"version", "os", "arch"}
    assert m[info] == 1
    assert 0 < m["sentinel_uptime_seconds"] < 600
    assert m["sentinel_tasks_total"] == 2
    runs = m["sentinel_tasks_success_total"] + m["sentinel_tasks_failed_total"]
    assert m["sentinel_task_duration_seconds_count"] == runs
    assert 0 < m["sentinel_task_duration_seconds_sum"] < runs
    assert m["sentinel_plugins_loaded"] == 1
    assert m["sentinel_buffer_size"] > 0  # what the absent output still needs
    assert 0 <= m["sentinel_buffer_usage_percent"] < 100
    assert m["sentinel_sent_bytes_total"] > m["sentinel_sent_metrics_total"]
    assert m["sentinel_heartbeat_success_total"] == m["sentinel_heartbeat_failed_total"] == 0
    assert 0 <= m["sentinel_cpu_usage_percent"] <= 100 * (os.cpu_count() or 1)
    assert 20e6 < m["sentinel_memory_usage_bytes"] < 1e9
    assert 3 <= m["sentinel_goroutines"] < 200


@pytest.mark.parametrize("output", ["file", "away"])
def test_the_ledger_adds_up(watched, output):
    """What it accepted = delivered + waiting + dead-lettered + dropped, also for an output that is away."""
    m = watched.metrics()
    kinds = ("delivered_samples_total", "waiting_samples", "dead_lettered_samples_total")
    told = sum(m[f'sentinel_output_{kind}{{output="{output}"}}'] for kind in kinds)
    drops = f'sentinel_output_dropped_samples_total{{output="{output}"'
    told += sum(value for name, value in m.items() if name.startswith(drops))
    assert m[f'sentinel_output_accepted_samples_total{{output="{output}"}}'] == told > 0


def test_readiness_tells_what_is_wrong_and_when_it_is_put_right(sentinel, hostile_server):
    """Refused credentials: unready, with the server's words. Once the file has the right ones it is ready
    again without a hand, and nothing was lost meanwhile.
    """
    hostile_server.default = _only_with("right-token")
    _deliver_to(sentinel, f"{hostile_server.url}/w", bearer_token="wrong-token")
    sentinel.start("--config", "config.yaml")
    told = wait_until(lambda: _paused(sentinel))
    assert "central" in told
    assert "401" in told
    assert "who are you?" in told
    assert "wrong-token" not in told
    assert json.loads(sentinel.get("/healthz")[1]) == {"alive": True, "state": "running"}
    status = " ".join(sentinel.command("status").stdout.split())
    assert "not ready" in status
    assert "who are you?" in status
    held = sentinel.account("central")["waiting"]
    _deliver_to(sentinel, f"{hostile_server.url}/w", bearer_token="right-token")
    wait_until(lambda: sentinel.get("/readyz")[0] == 200)
    account = wait_until(lambda: _delivered(sentinel, more_than=held))
    assert account["dead_lettered"] == 0
    assert account["dropped"] == {}


@pytest.mark.real
def test_an_output_that_comes_back_makes_it_ready_again(sentinel, start_victoria_metrics):
    """Connection refused, then a server on that very port: ready again, and all that waited is there."""
    port = free_port()
    _deliver_to(
        sentinel, f"http://127.0.0.1:{port}/api/v1/write",
        retry_interval="100ms", retry_max_interval="200ms", breaker={"reset": "200ms"},
    )  # fmt: skip
    sentinel.start("--config", "config.yaml")
    told = wait_until(lambda: _unready(sentinel))
    assert "refused" in told
    assert str(port) in told
    wait_until(lambda: sentinel.tasks()[0]["runs"] > 1)
    server = start_victoria_metrics(port=port)
    wait_until(lambda: sentinel.get("/readyz")[0] == 200)
    assert sentinel.end() == 0
    (ups,) = server.samples("up")
    runs = len(ups.samples)
    assert server.count("scrape_duration_seconds") == runs > 1
    assert len({ts for ts, _ in ups.samples}) == runs


def _deliver_to(sentinel, url: str, **more: object) -> None:
    sentinel.configure(
        buffer={"flush_interval": "50ms"},
        sender={"direct": {"central": {"writer": "prometheus", "url": url, **more}}},
        tasks=[{"id": "a", "plugin": "ping", "interval": "500ms", "config": ping("127.0.0.1")}],
    )


def _only_with(token: str):
    def answer(request: Request) -> Answer:
        right = request.headers.get("authorization") == f"Bearer {token}"
        return Answer(204) if right else Answer(401, body=b"who are you?")

    return answer


def _paused(sentinel) -> str:
    code, text = sentinel.get("/readyz")
    told = json.loads(text)
    assert (code == 200) is told["ready"]
    found = [each["message"] for each in told["reasons"] if each["reason"] == "output_paused"]
    return found[0] if found else ""


def _unready(sentinel) -> str:
    code, text = sentinel.get("/readyz")
    return "" if code == 200 else json.loads(text)["reasons"][0]["message"]


def _delivered(sentinel, *, more_than: int) -> dict[str, object]:
    account = sentinel.account("central")
    return account if account["delivered"] > more_than and account["waiting"] < 60 else {}
