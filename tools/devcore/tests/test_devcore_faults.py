"""Faults on request, the example file, and the page."""

from __future__ import annotations

import asyncio
import gzip
import socket

import pytest
import requests
import typer

from orbital_devcore.app import create_app
from orbital_devcore.cli import DEMO, serve
from orbital_devcore.core import Core
from orbital_devcore.demo import load, place
from orbital_devcore.serving import serving

INGEST = "/api/v1/data/ingest"


def test_a_fault_meets_as_many_requests_as_were_asked_for(sane):
    """Then all is well again, without a hand."""
    sane.register()
    fault = {"path": INGEST, "count": 2, "status": 429, "retry_after": "3"}
    sane.data("POST", "/dev/faults", fault)
    answers = [sane.ingest({"name": "a", "value": 1}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "3"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_payload_that_the_server_breaks_over(sane, pack):
    """Known by a text in it, packed or not; every other one is taken as it came."""
    sane.register()
    sane.data("POST", "/dev/faults", {"path": INGEST, "contains": "bad", "status": 500, "body": ""})
    headers = {} if pack is bytes else {"Content-Encoding": "gzip"}
    answers = [
        sane.call("POST", INGEST, pack(b'{"metrics":[{"name":"%b"}]}' % name), headers=headers)
        for name in (b"bad", b"good")
    ]
    assert [(answer.status_code, bool(answer.content)) for answer in answers] == [
        (500, False),
        (200, True),
    ]
    assert [one["name"] for one in sane.samples()] == ["good"]


@pytest.mark.parametrize(("kind", "arrived"), [("cut_before", 0), ("cut_after", 1)])
def test_a_connection_that_is_cut(sane, kind, arrived):
    """Before the work or after it: from outside both look alike."""
    sane.register()
    sane.data("POST", "/dev/faults", {"path": INGEST, "count": 1, "kind": kind})
    with pytest.raises(requests.RequestException):
        sane.ingest({"name": "a", "value": 1})
    assert sane.data("GET", "/dev/samples")["count"] == arrived


async def _gone() -> dict[str, str]:
    return {"type": "http.disconnect"}


async def _heard(_: object) -> None:
    pass


def test_a_client_that_hangs_up_is_no_traceback():
    """Whoever runs devcore in a terminal reads of nothing that is not theirs."""
    scope = {"type": "http", "method": "POST", "path": INGEST, "raw_path": INGEST.encode()}
    headers = [(b"x-sentinel-id", b"a"), (b"x-api-token", b"b"), (b"content-length", b"5")]
    scope |= {"headers": headers, "query_string": b"", "root_path": "", "http_version": "1.1"}
    asyncio.run(create_app(Core(quirks=True))(scope, _gone, _heard))


def test_garbage_a_full_disk_and_a_stuck_channel(sane):
    """Each lasts until it is taken back."""
    sane.register()
    sane.data("POST", "/dev/faults", {"path": INGEST, "kind": "garbage"})
    assert "html" in sane.ingest({"name": "a"}).text
    sane.data("DELETE", "/dev/faults")
    sane.data("PUT", "/dev/switches", {"disk_full": True})
    assert "No space left" in sane.ingest({"name": "a"}).json()["message"]
    sane.data("PUT", "/dev/switches", {"forward_stuck": True})
    for _ in range(10):
        assert sane.ingest(*[{"name": "a", "value": 1}] * 1000).status_code == 200
    assert sane.ingest({"name": "a"}).status_code == 500


def test_the_example_is_given_to_the_first_sentinel_that_registers(sane):
    """So that `make core` has something to collect."""
    place(sane.core, load(DEMO))
    place(sane.core, load(DEMO))
    sane.register()
    found = sane.data("GET", "/api/v1/sentinel-tasks")["tasks"]
    assert {task["task_id"] for task in found} == set(load(DEMO).tasks)


def test_what_is_kept_in_a_file_is_there_after_a_restart(tmp_path):
    """Sentinels, devices and tasks outlive the process."""
    for expected in (0, 1):
        core = Core(path=tmp_path / "core.db")
        with serving(core) as address:
            found = requests.get(f"{address}/api/v1/devices", timeout=5).json()["data"]
            assert len(found) == expected
            requests.post(f"{address}/api/v1/devices", json={"name": "a"}, timeout=5)
        core.db.close()


def test_a_slip_in_the_file_is_named(tmp_path):
    """In one line: where, and what. The API alone passes over unknown keys, as Go does."""
    file = tmp_path / "demo.yaml"
    file.write_text(
        "devices: {a: {name: a}}\ntasks: {t: {device_id: a, plugin_name: x, interval: 5}}\n"
    )
    with pytest.raises(ValueError, match=r"^tasks\.t\.interval: Extra inputs are not permitted$"):
        load(file)


def test_the_page_has_what_it_shows(peer):
    """One HTML file, and the JSON that it draws: faults in words, and a poisoned device among the others."""
    assert "<title>devcore</title>" in peer.call("GET", "/").text
    peer.register()
    device = peer.device()
    labels = {"device_id": device}
    peer.ingest({"name": "device_status", "timestamp": 1_795_000_000_000, "labels": labels})
    peer.data("POST", "/dev/faults", {"path": "/api", "count": 2, "status": 500, "latency_ms": 5})
    peer.data("PUT", "/dev/switches", {"disk_full": True})
    shown = peer.call("GET", "/dev/overview").json()
    assert shown["troubles"] == [
        "the next 2 calls of /api: 5 ms late, answered 500",
        "the disk is full",
    ]
    assert shown["counts"]["devices"] == 1
    assert shown["devices"][0]["status"].startswith(
        "breaks every list" if peer.core.quirks else "unknown"
    )
    assert {"sentinels", "devices", "tasks", "neighbors", "executions", "samples"} <= set(shown)


def test_a_port_that_is_taken_is_said_before_anything_else(capsys):
    """A second `make core` tells what to do, and not that it runs."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(typer.Exit):
        serve(port=taken.getsockname()[1], empty=True)
    told = capsys.readouterr()
    assert told.out == ""
    assert "Address already in use; choose another with --port" in told.err
