"""What holds in both moods: the contract that a sentinel may rely on."""

from __future__ import annotations

import gzip
import json
import time


def now() -> int:
    return int(time.time())


def test_registering_twice_gives_the_same_credentials(peer):
    """The host name is the identity, so a lost file costs nothing."""
    first = peer.register()
    assert first["sentinel_id"].startswith("sentinel-host-a-")
    assert len(first["api_token"]) == 73
    again = peer.register(name="other", mac_address="02:00:00:00:00:01")
    assert {k: again[k] for k in ("sentinel_id", "api_token")} == {
        k: first[k] for k in ("sentinel_id", "api_token")
    }
    assert again["message"] == "Sentinel re-registered successfully"


def test_what_is_missing_is_named(peer):
    """A registration without its required fields is a 400 that lists them."""
    answer = peer.call("POST", "/api/v1/sentinels/register", {"name": "x"})
    assert (answer.status_code, answer.json()["code"]) == (400, 40001)
    assert all(name in answer.json()["message"] for name in ("hostname", "version", "os", "arch"))


def test_without_headers_nothing_is_told(peer):
    """401 with code 20001 for a missing id, then for a missing token."""
    answer = peer.call("GET", "/api/v1/sentinel-tasks")
    assert (answer.status_code, answer.json()["code"]) == (401, 20001)
    answer = peer.call("GET", "/api/v1/sentinel-tasks", headers={"X-Sentinel-ID": "a"})
    assert answer.json()["message"] == "未提供 API Token"


def test_a_task_is_joined_with_its_device(peer):
    """The task's own keys win, the device's type always does, and the row comes along."""
    peer.register()
    device = peer.device(connection_config={"host": "10.0.0.1", "port": 161})
    task = peer.task(device, config={"host": "10.9.9.9", "device_type": "other"})
    (found,) = peer.data("GET", "/api/v1/sentinel-tasks")["tasks"]
    assert found["task_id"] == task
    assert found["config"] == {"host": "10.9.9.9", "device_type": "switch", "port": 161}
    assert found["device"]["connection_config"] == {"host": "10.0.0.1", "port": 161}
    assert (found["interval_seconds"], found["timeout_seconds"], found["retry_count"]) == (
        300,
        30,
        3,
    )


def test_a_report_moves_the_times_of_its_task(peer):
    """`next_execution_at` is the reported moment plus the interval, to the microsecond."""
    peer.register()
    task = peer.task(peer.device())
    run = {"status": "success", "executed_at": "2026-11-24T12:00:00.123456Z"}
    assert peer.call("POST", f"/api/v1/sentinel-tasks/{task}/report", run).json()["code"] == 0
    (found,) = peer.data("GET", "/api/v1/sentinel-tasks")["tasks"]
    assert found["last_executed_at"] == "2026-11-24T12:00:00.123456Z"
    assert found["next_execution_at"] == "2026-11-24T12:05:00.123456Z"


def test_a_change_touches_what_it_names(peer):
    """`{"enabled": false}` disables a task, and everything else of it stays."""
    peer.register()
    device = peer.device(labels={"rack": "7"})
    path = f"/api/v1/tasks/{peer.task(device, config={'count': 1})}"
    assert peer.data("PUT", path, {"enabled": False})["config"] == {"count": 1}
    assert peer.data("GET", "/api/v1/sentinel-tasks")["tasks"] == []
    assert peer.data("PUT", path, {"enabled": True, "interval_seconds": 5})["device_id"] == device
    (found,) = peer.data("GET", "/api/v1/sentinel-tasks")["tasks"]
    assert (found["interval_seconds"], found["timeout_seconds"]) == (5, 30)
    changed = peer.data("PUT", f"/api/v1/devices/{device}", {"name": "sw2"})
    assert (changed["name"], changed["labels"]) == ("sw2", {"rack": "7"})
    assert peer.call("PUT", path, {"device_id": "nix"}).status_code == 404


def test_a_trigger_shows_in_the_next_execution_alone(peer):
    """It is a value that no report explains."""
    peer.register()
    task = peer.task(peer.device())
    run = {"status": "success", "executed_at": "2026-11-24T12:00:00Z"}
    peer.call("POST", f"/api/v1/sentinel-tasks/{task}/report", run)
    peer.data("POST", f"/api/v1/tasks/{task}/trigger")
    (found,) = peer.data("GET", "/api/v1/sentinel-tasks")["tasks"]
    assert found["next_execution_at"] != "2026-11-24T12:05:00.000000Z"


def test_disabled_and_removed_tasks_disappear_from_the_list(peer):
    """An empty list is a list."""
    peer.register()
    device = peer.device()
    one, two = peer.task(device), peer.task(device)
    body = {"device_id": device, "plugin_name": "ping", "enabled": False}
    peer.data("PUT", f"/api/v1/tasks/{one}", body)
    peer.data("DELETE", f"/api/v1/tasks/{two}")
    assert peer.data("GET", "/api/v1/sentinel-tasks")["tasks"] == []


def test_samples_arrive_packed_or_plain(peer):
    """Gzip is understood where the header says exactly that; the sentinel's id is put on."""
    peer.register()
    metric = {"name": "a", "value": 1.5, "labels": {"device_id": "d"}, "timestamp": now()}
    assert peer.ingest(metric).json() == {"code": 0, "data": {"received": 1}}
    packed = gzip.compress(json.dumps({"metrics": [metric]}).encode())
    gz = {"Content-Encoding": "gzip"}
    assert peer.call("POST", "/api/v1/data/ingest", packed, headers=gz).status_code == 200
    gz = {"Content-Encoding": "GZIP"}
    assert peer.call("POST", "/api/v1/data/ingest", packed, headers=gz).status_code == 400
    found = peer.data("GET", "/dev/samples")
    assert found["count"] == 2
    assert found["samples"][0]["labels"]["sentinel_id"] == peer.headers["X-Sentinel-ID"]


def test_bad_batches_are_refused_whole(peer):
    """Empty, a label that is no text, a time that is no integer, a body that is cut."""
    peer.register()
    for metrics in ([], [{"labels": {"a": 1}}], [{"name": "a", "timestamp": 1.5}], "x"):
        answer = peer.call("POST", "/api/v1/data/ingest", {"metrics": metrics})
        assert (answer.status_code, answer.json()["code"]) == (400, 40001), metrics
    assert peer.call("POST", "/api/v1/data/ingest", b'{"metrics": [').status_code == 400


def test_a_device_is_online_when_its_state_is_exactly_1(peer):
    """Anything else is offline."""
    peer.register()
    device = peer.device()
    for value, status in ((1, "online"), (0.99, "offline")):
        peer.ingest(
            {"name": "device_status", "value": value, "timestamp": now()}
            | {"labels": {"device_id": device}}
        )
        assert peer.data("GET", f"/api/v1/devices/{device}")["status"] == status


def test_a_full_channel_takes_what_fits_and_says_500(peer):
    """What came before it is in: a retry doubles it, so batches are kept small."""
    peer.register()
    answer = peer.ingest(*[{"name": "a", "value": 1, "timestamp": now()}] * 10_001)
    assert answer.json()["message"] == "failed to forward metrics: buffer is full"
    assert peer.data("GET", "/dev/samples")["count"] == 10_000


def test_neighbours_arrive_by_both_roads(peer):
    """The route of their own, and labels of a sample."""
    peer.register()
    keys = {"local_interface": "Gi0/1", "neighbor_chassis_id": "00:11", "neighbor_port_id": "Gi0/2"}
    body = {"device_id": "d", "neighbors": [keys | {"ttl": 120}]}
    assert peer.data("POST", "/api/v1/topology/lldp", body)["total"] == 1
    peer.ingest(
        {
            "name": "lldp_neighbor",
            "timestamp": now(),
            "labels": keys | {"device_id": "e", "ttl": "9"},
        }
    )
    found = peer.data("GET", "/dev/neighbors")
    assert [(n["device_id"], n["neighbor"]["ttl"]) for n in found] == [("d", 120), ("e", 9)]
    refused = peer.call("POST", "/api/v1/topology/lldp", {"device_id": "d"})
    assert (refused.status_code, refused.json()["code"]) == (400, 10001)
