"""What others push, with real senders and databases: what was acknowledged arrives, as it was sent."""

from __future__ import annotations

import signal
import struct
import subprocess
import time
from collections import Counter

import pytest
import requests

from orbital_remote_write import SNAPPY
from orbital_remote_write.remote_write_pb2 import WriteRequest
from orbital_sdk import STALE, STALE_BYTES
from orbital_testbench import Answer, free_port, wait_until

WRITE, TEXT = "/api/v1/write", "/api/v1/import/prometheus"


@pytest.fixture
def start(receive):
    """Starts an agent that takes pushes and writes to an address; gives where it takes them."""

    def start(url: str, *, compression: str = "snappy", buffer=None, **fields) -> str:
        port = free_port()
        config = {"port": port, **fields}
        task = {
            "id": "push",
            "device_id": "hub",
            "plugin": "push",
            "interval": "1s",
            "config": config,
        }
        receive(task, url, compression=compression, **(buffer or {}))
        wait_until(lambda: listens(port), what="the address of the pushes")
        return f"http://127.0.0.1:{port}"

    return start


def listens(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}", timeout=10).status_code == 404
    except requests.ConnectionError:
        return False


def push(url: str, text: str) -> requests.Response:
    return requests.post(url + TEXT, data=text, timeout=60)


@pytest.fixture
def arrived(destination, sent):
    """Label `n`, time and bits of the value of each sample that is there, each as often as it came."""

    def arrived(name: str) -> list[tuple[str, int, bytes]]:
        samples = sent(destination, name)
        return [
            (labels.get("n", ""), ts, struct.pack("<d", value)) for labels, ts, value in samples
        ]

    return arrived


@pytest.mark.real
def test_prometheus_vmagent_and_curl_push_through_the_agent(
    start, victoria_metrics, start_prometheus, start_vmagent
):
    """Each in its own way (snappy, zstd, text); each series arrives with its own labels, values and times."""
    url = start(victoria_metrics.write_url, compression="zstd")
    vmagent = start_vmagent(url + WRITE)
    where = f"{vmagent.host}:{vmagent.port}"
    prometheus = start_prometheus(
        scrape=f"""
scrape_configs:
  - {{job_name: scraped, scrape_interval: 1s, static_configs: [{{targets: ["{where}"]}}]}}
remote_write:
  - {{url: "{url}{WRITE}", queue_config: {{batch_send_deadline: 100ms}}}}
"""
    )
    requests.post(vmagent.url + TEXT, data='pushed_by_vmagent{job="a"} 1\n', timeout=60)
    curl = ["curl", "--fail", "--silent", "--show-error", "--data-binary", "@-", url + TEXT]
    line = b'pushed_by_curl{instance="b",device_id="own"} 2 1700000000000\n'
    subprocess.run(curl, input=line, check=True, timeout=60)

    stored = victoria_metrics.samples
    scraped = f'{{job="scraped",instance="{where}",device_id="hub"}}'
    for name in ("up", "process_start_time_seconds"):
        (got,) = wait_until(lambda name=name: stored(name + scraped), what=name)
        (sent,) = prometheus.samples(f'{name}{{job="scraped"}}')
        assert set(got.samples) <= set(sent.samples)
    (got,) = wait_until(lambda: stored("pushed_by_vmagent"), what="what vmagent was given")
    assert (got.labels["job"], got.labels["device_id"]) == ("a", "hub")
    assert "instance" not in got.labels
    (got,) = wait_until(lambda: stored("pushed_by_curl"), what="what curl sent")
    assert (got.labels["instance"], got.labels["device_id"]) == ("b", "own")
    assert got.samples == [(1700000000000, 2.0)]


def test_what_was_acknowledged_survives_a_kill(sentinel, start, destination, arrived):
    """Pushed while the destination is away, `kill -9` right behind the answer: each sample is there once."""
    disk = {"type": "disk", "disk_path": "buffer"}
    url = start(f"http://127.0.0.1:{free_port()}", buffer=disk)  # nobody is there
    now = time.time_ns() // 1_000_000
    for turn in range(5):
        page = "".join([f'pushed{{n="{n}"}} {turn} {now + turn}\n' for n in range(100)])
        assert push(url, page).status_code == 204
    sentinel.end(signal.SIGKILL)
    start(destination.url, buffer=disk)
    expected = {
        (str(n), now + turn, struct.pack("<d", turn)) for n in range(100) for turn in range(5)
    }
    wait_until(lambda: expected <= set(arrived("pushed")), what="all samples")
    assert Counter(arrived("pushed")) == Counter(expected)


def test_senders_wait_while_the_buffer_is_full_and_are_then_told_to_try_again(
    start, destination, arrived
):
    """429 with `Retry-After`, for as long as the destination is away; what is acknowledged arrives."""
    destination.default = Answer(503)
    full = {"size": 100, "when_full": "block"}
    url = start(destination.url, buffer=full, timeout="300ms")
    taken = 0
    while (answer := push(url, f'pushed{{n="{taken}"}} 1\n')).status_code == 204:
        taken += 1
        assert taken <= 100
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
    destination.requests.clear()
    destination.default = Answer(204)
    wait_until(lambda: push(url, "pushed 1\n").status_code == 204, what="room")
    expected = {str(n) for n in range(taken)}
    wait_until(lambda: expected <= {n for n, _, _ in arrived("pushed")})


def test_a_series_that_ends_at_its_sender_ends_at_the_destination(
    sentinel, start, destination, arrived
):
    """Stale markers arrive as such, at their times; another NaN is left out and counted, the rest is kept.
    And the task tells how it is, as any other.
    """
    url = start(destination.url)
    now = time.time_ns() // 1_000_000
    request = WriteRequest()
    for n, value in (("ends", STALE), ("summary", float("nan")), ("lasts", 1.5)):
        one = request.timeseries.add()
        one.labels.add(name="__name__", value="pushed")
        one.labels.add(name="n", value=n)
        one.samples.add(value=value, timestamp=now)
    body = SNAPPY.compress(request.SerializeToString())
    assert requests.post(url + WRITE, data=body, timeout=60).status_code == 204
    expected = {("ends", now, STALE_BYTES), ("lasts", now, struct.pack("<d", 1.5))}
    wait_until(lambda: expected <= set(arrived("pushed")), what="both")
    assert set(arrived("pushed")) == expected
    assert sentinel.metrics()['sentinel_refused_samples_total{reason="nan"}'] == 1
    wait_until(lambda: arrived("push_samples_total"), what="its own counts")
    (task,) = sentinel.tasks()
    assert task["status"] == "success"
    assert {bits for _, _, bits in arrived("up")} == {struct.pack("<d", 1)}
