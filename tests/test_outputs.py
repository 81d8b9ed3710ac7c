"""Several outputs at once: each at its own pace, and a dead one costs nobody else."""

from __future__ import annotations

import pytest

from orbital_testbench import Prometheus, VictoriaMetrics, wait_until


@pytest.mark.real
def test_one_dead_output_costs_the_others_nothing(
    sentinel, lines_of, prometheus: Prometheus, victoria_metrics: VictoriaMetrics, dead_port: int
):
    """Prometheus, VictoriaMetrics and a file get every sample while a fourth server does not even answer."""
    site = sentinel.folder.name
    settings = {
        "sentinel": {"labels": {"site": site}},
        "buffer": {"flush_interval": "100ms"},
        "sender": {
            "direct": {
                "prometheus": {"url": prometheus.write_url},
                "victoria_metrics": {"url": victoria_metrics.write_url},
                "file": {"path": "out.jsonl"},
                "dead": {
                    "writer": "prometheus",
                    "url": f"http://127.0.0.1:{dead_port}/api/v1/write",
                },
            }
        },
        "tasks": [
            {"id": h, "plugin": "ping", "interval": "300ms", "config": {"host": h, "count": 1}}
            for h in ("127.0.0.1", "127.0.0.2")
        ],
    }
    sentinel.configure(**settings)
    sentinel.start("--config", "config.yaml")
    wait_until(lambda: sentinel.account("file").get("delivered", 0) > 200)
    dead = sentinel.account("dead")
    assert dead["delivered"] == 0
    assert dead["waiting"] == dead["accepted"] > 200
    del settings["sender"]["direct"]["dead"]  # the last flush would wait for it
    sentinel.configure(**settings)
    wait_until(lambda: _phase(sentinel, "dead") == "orphaned")
    assert sentinel.end() == 0
    written = _times(lines_of(sentinel.folder / "out.jsonl"))
    assert len(written) >= 10
    query = f'up{{site="{site}"}}'
    for server in (prometheus, victoria_metrics):
        stored = {
            (points.labels["device_id"], ts)
            for points in server.samples(query)
            for ts, value in points.samples
            if value == 1
        }
        assert stored == written


def test_a_broken_writer_costs_its_output_alone(sentinel, lines_of):
    """An upgrade broke its import: the output pauses, says why and keeps its samples; others deliver."""
    sentinel.install("acme-store", "import never_there", group="writers", acme="Acme")
    sentinel.configure(
        buffer={"flush_interval": "50ms"},
        sender={"direct": {"acme": {"url": "x"}, "file": {"path": "out.jsonl"}}},
        tasks=[{"id": "a", "plugin": "ping", "interval": "200ms", "config": {"host": "127.0.0.1"}}],
    )
    why = "its import failed: ModuleNotFoundError: No module named 'never_there'"
    assert why in sentinel.command("validate").stdout
    sentinel.start()
    wait_until(lambda: len(_times(lines_of(sentinel.folder / "out.jsonl"))) >= 2)
    assert _phase(sentinel, "acme") == "paused"
    account = sentinel.account("acme")
    assert account["waiting"] == account["accepted"] > 0
    code, told = sentinel.get("/readyz")
    assert code == 503
    assert why in told


def _phase(sentinel, output: str) -> str:
    return next(one["phase"] for one in sentinel.status()["outputs"] if one["name"] == output)


def _times(lines) -> set[tuple[str, int]]:
    return {(line["labels"]["device_id"], line["ts"]) for line in lines if line["name"] == "up"}
