"""Where the two moods part: each quirk of the real server, and what a sane one does instead."""

from __future__ import annotations

import time


def now() -> int:
    return int(time.time())


HEARTBEAT = "/api/v1/sentinels/heartbeat"


def status(peer, device, timestamp, value=1):
    labels = {"device_id": device}
    return peer.ingest(
        {"name": "device_status", "value": value, "timestamp": timestamp, "labels": labels}
    )


def test_the_token_is_looked_at_by_a_sane_server_alone(sane, quirky):
    """The real one takes any."""
    for peer, expected in ((sane, 401), (quirky, 200)):
        peer.register()
        peer.headers["X-API-Token"] = "wrong"
        assert peer.call("GET", "/api/v1/sentinel-tasks").status_code == expected


def test_a_lost_identity(sane, quirky):
    """401 from the sane server; 500 with a text from the real one, and only to heartbeats."""
    for peer in (sane, quirky):
        peer.register()
        peer.data("DELETE", f"/api/v1/sentinels/{peer.headers['X-Sentinel-ID']}")
    assert sane.call("POST", HEARTBEAT, {}).status_code == 401
    answer = quirky.call("POST", HEARTBEAT, {})
    assert (answer.status_code, answer.json()["code"]) == (500, 10001)
    assert answer.json()["message"] == "心跳处理失败: sentinel not found"
    assert quirky.data("GET", "/api/v1/sentinel-tasks")["tasks"] == []


def test_a_host_name_that_is_too_long_for_the_id_is_a_500(quirky):
    """Pod names and FQDNs meet this: 64 characters hold 44 of the host, 35 with a MAC."""
    body = {"name": "n", "hostname": "h" * 44, "version": "1", "os": "linux", "arch": "amd64"}
    path = "/api/v1/sentinels/register"
    assert quirky.call("POST", path, body).status_code == 200
    refused = quirky.call("POST", path, body | {"hostname": "h" * 45})
    assert (refused.status_code, refused.json()["code"]) == (500, 10001)
    assert "character varying(64)" in refused.json()["message"]
    mac = {"mac_address": "02:00:00:00:00:01"}
    assert quirky.call("POST", path, body | {"hostname": "i" * 36} | mac).status_code == 500


def test_an_unknown_task(sane, quirky):
    """404, or a 500 whose text tells it."""
    for peer, code in ((sane, 404), (quirky, 500)):
        peer.register()
        answer = peer.call("POST", "/api/v1/sentinel-tasks/nix/report", {"status": "success"})
        assert answer.status_code == code
        assert "task not found" in answer.json()["message"]


def test_while_the_database_is_away(sane, quirky):
    """The real server says of every reported task that there is none, and takes samples, which move no
    device; the sane one says what is wrong to every call. All is well as soon as it is back.
    """
    for peer in (sane, quirky):
        peer.register()
        device = peer.device()
        task = peer.task(device)
        peer.data("PUT", "/dev/switches", {"database_away": True})
        path = f"/api/v1/sentinel-tasks/{task}/report"
        report = peer.call("POST", path, {"status": "success"})
        listed = peer.call("GET", "/api/v1/sentinel-tasks")
        beat = peer.call("POST", HEARTBEAT, {})
        assert [one.status_code for one in (report, listed, beat)] == [500] * 3
        assert all("dial error" in one.json()["message"] for one in (listed, beat))
        missed = report.json()["message"] == "上报失败: task not found"
        assert (missed, status(peer, device, now()).status_code == 200) == (peer is quirky,) * 2
        peer.cure()
        assert peer.data("GET", f"/api/v1/devices/{device}")["status"] == "unknown"
        assert peer.runs(task) == []
        assert peer.call("POST", path, {"status": "success"}).status_code == 200


def test_stale_news_of_a_device(sane, quirky):
    """A replayed backlog flips the device back at the real server."""
    for peer, expected in ((sane, "online"), (quirky, "offline")):
        peer.register()
        device = peer.device()
        status(peer, device, now())
        status(peer, device, now() - 100, value=0)
        assert peer.data("GET", f"/api/v1/devices/{device}")["status"] == expected


def test_milliseconds_are_poison_to_the_real_server(sane, quirky):
    """Refused by the sane one; at the real one every list with the device is an empty 500."""
    for peer in (sane, quirky):
        peer.register()
        device = peer.device()
        peer.task(device)
        answer = status(peer, device, now() * 1000)
        if peer is sane:
            assert answer.status_code == 400
            continue
        assert answer.status_code == 200
        broken = peer.call("GET", "/api/v1/sentinel-tasks")
        assert (broken.status_code, broken.content) == (500, b"")
        status(peer, device, now())
        assert len(peer.data("GET", "/api/v1/sentinel-tasks")["tasks"]) == 1


def test_times_of_the_real_server_are_local_with_a_false_z(quirky):
    """8 hours ahead, in the time zone of its image; a reported moment keeps its wall clock."""
    quirky.register()
    task = quirky.task(quirky.device())
    run = {"status": "success", "executed_at": "2026-11-24T20:00:00+08:00"}
    quirky.call("POST", f"/api/v1/sentinel-tasks/{task}/report", run)
    (found,) = quirky.data("GET", "/api/v1/sentinel-tasks")["tasks"]
    assert found["last_executed_at"] == "2026-11-24T20:00:00.000000Z"


def test_a_new_version_takes_the_heartbeat_back(quirky):
    """The row from before it is written again, times included."""
    quirky.register()
    (before,) = quirky.data("GET", "/api/v1/sentinels")
    quirky.data("POST", HEARTBEAT, {"version": "2.0.0"})
    (after,) = quirky.data("GET", "/api/v1/sentinels")
    assert after["last_heartbeat"] == before["last_heartbeat"]
    assert after["version"] == "2.0.0"


def test_go_reads_names_in_any_case_and_passes_over_what_follows(quirky):
    """As encoding/json and gin's binding do; integers must be written as integers."""
    path = "/api/v1/sentinels/register"
    body = b'{"NAME":"a","HostName":"b","version":"1","os":"l","arch":"x","labels":null} trailing'
    assert quirky.call("POST", path, body).status_code == 200
    quirky.register()
    assert quirky.call("POST", HEARTBEAT, b'{"task_count": 1.0}').status_code == 400
    assert quirky.call("POST", HEARTBEAT, b'{"task_count": null}').status_code == 200
    assert quirky.call("POST", HEARTBEAT, b"").json()["message"].endswith("EOF")
    assert quirky.call("POST", "/api/v1/data/ingest", b'{"metrics":[{}]} x').status_code == 400


def test_a_wrong_method_is_no_route_to_the_real_server(sane, quirky):
    """Gin has one answer for both."""
    for peer, code in ((sane, 405), (quirky, 404)):
        answer = peer.call("DELETE", "/api/v1/data/ingest")
        assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (
            code,
            "text/plain",
        )
