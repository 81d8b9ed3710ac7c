"""The pages over HTTP: what is served where, to whom, and what bad clients cannot do."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from orbital_runtime_testing.asking import Unix, ask, tcp
from orbital_sdk import WriterMisconfigured
from orbital_testbench import eventually

if TYPE_CHECKING:
    from pathlib import Path


async def test_pages_over_tcp(world, path: Path):
    """Metrics, health, readiness and the API are served on the address of the settings."""
    await world.run("good")
    async with world.serving(path) as telemetry:
        metrics = await ask(tcp(telemetry), "/metrics")
        assert metrics.status == 200
        assert metrics.type.startswith("text/plain; version=0.0.4")
        assert b"sentinel_tasks_total 2.0\n" in metrics.body
        assert (await ask(tcp(telemetry), "/healthz")).data["alive"] is True
        assert (await ask(tcp(telemetry), "/readyz")).data == {
            "ready": True, "state": "running", "reasons": [],
        }  # fmt: skip
        status = (await ask(tcp(telemetry), "/api/v1/status")).data
        assert status["sentinel"]["id"] == "s-1"
        assert status["tasks"]["success"] == 1
        assert b"/readyz" in (await ask(tcp(telemetry), "/")).body


async def test_openmetrics_is_not_negotiated(world, path: Path):
    """Prometheus asks for OpenMetrics first and gets the format in which every name is legal."""
    async with world.serving(path) as telemetry:
        connection = tcp(telemetry)
        connection.putrequest("GET", "/metrics")
        connection.putheader("Accept", "application/openmetrics-text;version=1.0.0")
        connection.endheaders()
        answer = await asyncio.to_thread(connection.getresponse)
        assert (answer.getheader("content-type") or "").startswith("text/plain")
        connection.close()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200), ("127.0.0.1:9464", 200), ("[::1]:9464", 200), ("192.0.2.7", 200),
        ("localhost:1", 200), ("LOCALHOST.", 200), ("collector.example:9464", 200),
        ("evil.example", 421), ("127.0.0.1.evil.example", 421), ("[::1].evil.example", 421), ("", 200),
    ],
)  # fmt: skip
async def test_the_pages_answer_to_their_own_names_only(world, path: Path, host: str, status: int):
    """A web page whose name was made to point here (DNS rebinding) reads nothing; people are told why."""
    async with world.serving(path, host_names=["Collector.example"]) as telemetry:
        connection = tcp(telemetry)
        connection.putrequest("GET", "/api/v1/status", skip_host=True)
        connection.putheader("Host", host)
        connection.endheaders()
        answer = await asyncio.to_thread(connection.getresponse)
        told = answer.read().decode()
        connection.close()
        assert answer.status == status
        if status == 421:
            assert "telemetry.host_names" in told


async def test_any_name_will_do_where_the_settings_say_so(world, path: Path):
    """`*` switches the check off, for those who have another one in front."""
    async with world.serving(path, host_names=["*"]) as telemetry:
        connection = tcp(telemetry)
        connection.putrequest("GET", "/healthz", skip_host=True)
        connection.putheader("Host", "any.example")
        connection.endheaders()
        assert (await asyncio.to_thread(connection.getresponse)).status == 200
        connection.close()


async def test_unready_answers_503_with_reasons(world, path: Path):
    """A probe sees the status code, a person the reason."""
    world.writer.always(WriterMisconfigured("401: wrong token"))
    await world.run("good")
    await world.settled(waiting=True)
    async with world.serving(path) as telemetry:
        reply = await ask(tcp(telemetry), "/readyz")
        assert reply.status == 503
        assert reply.data["reasons"][0]["subject"] == "store"
        assert (await ask(tcp(telemetry), "/healthz")).status == 200
        world.clock.advance(60)
        assert (await ask(tcp(telemetry), "/healthz")).status == 503


async def test_ipv6(world, path: Path):
    """An IPv6 address is served and shown in brackets."""
    if not _has_ipv6():
        pytest.skip("this machine has no IPv6 loopback")
    async with world.serving(path, ("::1", 0)) as telemetry:
        assert telemetry.url.startswith("http://[::1]:")


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


async def test_other_machines_are_mentioned(world, path: Path, caplog: pytest.LogCaptureFixture):
    """The address is logged at start; one that other machines reach is logged as a warning, too."""
    caplog.set_level("INFO")
    async with world.serving(path, ("", 0)):
        pass
    assert "listening on http" in caplog.text
    assert "open to other machines" in caplog.text


async def test_signal_handlers_stay_the_agents(world, path: Path):
    """The web server does not take SIGINT and SIGTERM from the agent."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    async with world.serving(path):
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


async def test_a_slow_client_does_not_hold_the_stop(world, path: Path):
    """A client that keeps its connection open and says nothing is let go at the stop."""
    async with world.serving(path) as telemetry:
        host, port = telemetry.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Half: ")
        await writer.drain()
        await ask(Unix(path), "/healthz")
    writer.close()


async def test_garbage_and_excess_are_bounded(world, path: Path):
    """Nonsense and endless headers end that connection only."""
    async with world.serving(path) as telemetry:
        host, port = telemetry.url.removeprefix("http://").split(":")
        for sent in (
            b"\x16\x03\x01\x02nonsense\r\n\r\n",
            b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000,
        ):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(sent)
            answer = await reader.read(100)
            assert b" 400 " in answer or not answer
            writer.close()
        assert (await ask(tcp(telemetry), "/healthz")).status == 200


async def test_idle_servers_do_not_wake_the_loop(world, path: Path):
    """Waiting for requests costs nothing: between requests no callback of the servers runs."""
    async with world.serving(path):
        await ask(Unix(path), "/healthz")
        timers = [t for t in asyncio.get_running_loop()._scheduled if not t.cancelled()]
        assert [t for t in timers if "sleep" in repr(t)] == []


def test_start_up_does_not_pay_for_the_web_server():
    """Importing the station loads neither uvicorn nor starlette nor the metrics library."""
    code = (
        "import sys, orbital_runtime.telemetry;"
        "print([m for m in ('uvicorn', 'starlette', 'prometheus_client') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.real
async def test_prometheus_scrapes_it(world, path: Path, start_prometheus):
    """A real Prometheus takes the page as it is: its scrape is up, and the figures are in its store."""
    await world.run("good")
    async with world.serving(path) as telemetry:
        target = telemetry.url.removeprefix("http://")
        prometheus = await asyncio.to_thread(
            start_prometheus,
            scrape=f"""\
scrape_configs:
  - job_name: sentinel
    scrape_interval: 200ms
    scrape_timeout: 200ms
    static_configs: [{{targets: ["{target}"]}}]
""",
        )
        points = await eventually(lambda: prometheus.query("sentinel_tasks_success_total"))
        assert points[0].value == 1
        assert (await eventually(lambda: prometheus.query("up")))[0].value == 1
        buckets = await eventually(
            lambda: prometheus.query("sentinel_task_duration_seconds_bucket")
        )
        assert len(buckets) > 10
