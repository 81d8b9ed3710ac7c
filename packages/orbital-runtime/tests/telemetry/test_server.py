"""The sockets: who may read, who may act, and what is said when an address is taken."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from orbital_runtime.settings.problem import Problem, SettingsError
from orbital_runtime.telemetry import CannotListen, Telemetry, listen, socket_path
from orbital_sdk import WriterMisconfigured
from orbital_testbench import eventually


class Reply(NamedTuple):
    status: int
    type: str
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)


class Unix(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("sentinel", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(str(self._path))


async def ask(connection: HTTPConnection, path: str, method: str = "GET") -> Reply:
    """One request, from a thread, as another process would make it."""

    def exchange() -> Reply:
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return Reply(answer.status, answer.getheader("content-type") or "", answer.read())
        finally:
            connection.close()

    return await asyncio.to_thread(exchange)


@asynccontextmanager
async def serving(world, path: Path, address: tuple[str, int] | None = ("127.0.0.1", 0)):
    telemetry = Telemetry(world.sources, world.control, socket=path, address=address)
    await telemetry.start()
    try:
        yield telemetry
    finally:
        await telemetry.stop()


def mode(path: Path) -> int | None:
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else None


def tcp(telemetry: Telemetry) -> HTTPConnection:
    return HTTPConnection(telemetry.url.removeprefix("http://"), timeout=10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "sentinel.sock"


async def test_pages_over_tcp(world, path: Path):
    """Metrics, health, readiness and the API are served on the address of the settings."""
    await world.run("good")
    async with serving(world, path) as telemetry:
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
    async with serving(world, path) as telemetry:
        connection = tcp(telemetry)
        connection.putrequest("GET", "/metrics")
        connection.putheader("Accept", "application/openmetrics-text;version=1.0.0")
        connection.endheaders()
        answer = await asyncio.to_thread(connection.getresponse)
        assert (answer.getheader("content-type") or "").startswith("text/plain")
        connection.close()


async def test_unready_answers_503_with_reasons(world, path: Path):
    """A probe sees the status code, a person the reason."""
    world.writer.always(WriterMisconfigured("401: wrong token"))
    await world.run("good")
    await world.settled(waiting=True)
    async with serving(world, path) as telemetry:
        reply = await ask(tcp(telemetry), "/readyz")
        assert reply.status == 503
        assert reply.data["reasons"][0]["subject"] == "store"
        assert (await ask(tcp(telemetry), "/healthz")).status == 200
        world.clock.advance(60)
        assert (await ask(tcp(telemetry), "/healthz")).status == 503


@pytest.mark.parametrize("route", ["stop", "reload", "tasks/good/trigger"])
async def test_only_the_owner_may_act(world, path: Path, route: str):
    """What changes something is not served over TCP, on the owner's socket it is."""
    async with serving(world, path) as telemetry:
        assert (await ask(tcp(telemetry), f"/api/v1/{route}", "POST")).status == 404
        assert world.stops == 0
        assert world.scheduler.totals.runs == 0
        assert (await ask(Unix(path), f"/api/v1/{route}", "POST")).status < 300
        assert (await ask(Unix(path), f"/api/v1/{route}", "GET")).status == 405


async def test_stop_and_reload(world, path: Path):
    """Stop is passed on, reload tells what changed, and a bad configuration tells every problem."""
    async with serving(world, path):
        await ask(Unix(path), "/api/v1/stop", "POST")
        assert world.stops == 1
        world.changes = ["tasks.web.interval: 30s -> 1m"]
        assert (await ask(Unix(path), "/api/v1/reload", "POST")).data["changes"] == world.changes
        world.changes = SettingsError([Problem("unknown key", ("sendr",)), Problem("is missing")])
        reply = await ask(Unix(path), "/api/v1/reload", "POST")
        assert reply.status == 422
        assert len(reply.data["problems"]) == 2


async def test_trigger_runs_now_and_answers_with_the_run(world, path: Path):
    """A triggered task runs at once; an unknown one is a 404 that says where to look."""
    async with serving(world, path):
        run = (await ask(Unix(path), "/api/v1/tasks/good/trigger", "POST")).data
        assert run["status"] == "success"
        assert run["samples"] == 2
        failed = (await ask(Unix(path), "/api/v1/tasks/down/trigger", "POST")).data
        assert failed["error"] == "nobody answers at down"
        world.add_task("with/slash and space")
        await world.instances.acquire(world.tasks["with/slash and space"])
        odd = await ask(Unix(path), "/api/v1/tasks/with%2Fslash%20and%20space/trigger", "POST")
        assert odd.data["status"] == "success"
        unknown = await ask(Unix(path), "/api/v1/tasks/nope/trigger", "POST")
        assert unknown.status == 404
        assert "nope" in unknown.data["error"]


async def test_tasks_come_in_pages(world, path: Path):
    """However many tasks there are, an answer stays bounded; filters choose among them."""
    world.add_tasks(30)
    await world.run("down")
    async with serving(world, path):
        page = (await ask(Unix(path), "/api/v1/tasks?limit=10&offset=25")).data
        assert page["total"] == 32
        assert len(page["tasks"]) == 7
        failed = (await ask(Unix(path), "/api/v1/tasks?status=failed")).data["tasks"]
        assert [task["id"] for task in failed] == ["down"]
        assert failed[0]["error_kind"] == "DeviceUnreachable"
        assert failed[0]["up"] is False
        bad = await ask(Unix(path), "/api/v1/tasks?limit=all")
        assert bad.status == 400
        assert "limit" in bad.data["error"]


async def test_ledger_and_outputs(world, path: Path):
    """Each output's ledger adds up, and an output that was removed stays visible while samples wait."""
    world.writer.always(WriterMisconfigured("401"))
    await world.run("good")
    await world.settled(waiting=True)
    await world.add_output("other")
    await world.sender.remove("store")
    async with serving(world, path):
        ledger = (await ask(Unix(path), "/api/v1/ledger")).data["store"]
        assert ledger == {
            "accepted": 5, "delivered": 0, "waiting": 5, "dead_lettered": 0, "dropped": {},
        }  # fmt: skip
        outputs = {o["name"]: o for o in (await ask(Unix(path), "/api/v1/outputs")).data}
        assert outputs["store"]["phase"] == "none"
        assert outputs["store"]["ledger"]["waiting"] == 5
        assert outputs["other"]["breaker"] == "closed"


async def test_plugins_are_told(world, path: Path):
    """What is started, what did not start and why."""
    await world.use_broken_plugin()
    async with serving(world, path):
        told = (await ask(Unix(path), "/api/v1/plugins")).data
        assert told["started"] == {"probe": 1}
        assert "no such bus" in told["failed"]["unstartable"]


async def test_the_socket_is_the_owners_alone(world, path: Path):
    """The socket is 0600 in a folder of 0700, and gone after the stop."""
    async with serving(world, path):
        assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert mode(path) is None


async def test_a_dead_agents_socket_is_replaced(world, path: Path):
    """After a crash the socket's file is still there; the next start takes its place."""
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with serving(world, path):
        assert (await ask(Unix(path), "/healthz")).status == 200


async def test_a_living_agents_socket_is_respected(world, path: Path):
    """A second agent on the same socket is refused with a sentence; the first goes on undisturbed."""
    async with serving(world, path):
        second = Telemetry(world.sources, world.control, socket=path, address=None)
        with pytest.raises(CannotListen, match="another sentinel is running"):
            await second.start()
        await second.stop()
        assert (await ask(Unix(path), "/healthz")).status == 200


async def test_a_hung_agents_socket_is_respected(world, path: Path):
    """A process that holds the socket but is too busy to answer is alive all the same."""
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(str(path))
        busy.listen(0)
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(str(path))
        with pytest.raises(CannotListen, match="another sentinel"):
            await asyncio.to_thread(listen.unix, path)
        for one in waiting:
            one.close()


async def test_a_taken_port_is_said_with_its_number(world, path: Path):
    """A port in use fails the start with the port and what to set, and leaves no socket behind."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        telemetry = Telemetry(
            world.sources, world.control, socket=path, address=("127.0.0.1", port)
        )
        with pytest.raises(CannotListen, match=rf"port {port}: .*telemetry\.listen"):
            await telemetry.start()
    assert mode(path) is None


@pytest.mark.parametrize(
    ("host", "port", "says"),
    [("no-such-host.invalid", 9464, "no-such-host"), ("192.0.2.1", 9464, "192.0.2.1")],
)
def test_foreign_addresses_are_refused(host: str, port: int, says: str):
    """An address that is not this machine's is an error at start."""
    with pytest.raises(CannotListen, match=says):
        listen.tcp(host, port)


def test_a_file_in_the_sockets_place_is_left_alone(tmp_path: Path):
    """What is no socket is never removed."""
    path = tmp_path / "sentinel.sock"
    path.write_text("precious")
    with pytest.raises(CannotListen, match="no socket"):
        listen.unix(path)
    assert path.read_text() == "precious"


def test_a_path_too_long_for_a_socket_is_said(tmp_path: Path):
    """unix(7) allows 107 bytes; the message names the setting that helps."""
    with pytest.raises(CannotListen, match=r"telemetry\.socket"):
        listen.unix(tmp_path / ("x" * 120))


def test_socket_path(tmp_path: Path):
    """The setting decides; left empty it is in the runtime folder."""
    assert socket_path("", tmp_path) == tmp_path / "sentinel.sock"
    assert socket_path("/elsewhere/s.sock", tmp_path) == Path("/elsewhere/s.sock")


async def test_ipv6(world, path: Path):
    """An IPv6 address is served and shown in brackets."""
    if not _has_ipv6():
        pytest.skip("this machine has no IPv6 loopback")
    async with serving(world, path, ("::1", 0)) as telemetry:
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
    async with serving(world, path, ("", 0)):
        pass
    assert "listening on http" in caplog.text
    assert "open to other machines" in caplog.text


async def test_signal_handlers_stay_the_agents(world, path: Path):
    """The web server does not take SIGINT and SIGTERM from the agent."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    async with serving(world, path):
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


async def test_a_slow_client_does_not_hold_the_stop(world, path: Path):
    """A client that keeps its connection open and says nothing is let go at the stop."""
    async with serving(world, path) as telemetry:
        host, port = telemetry.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Half: ")
        await writer.drain()
        await ask(Unix(path), "/healthz")
    writer.close()


async def test_garbage_and_excess_are_bounded(world, path: Path):
    """Nonsense and endless headers end that connection only."""
    async with serving(world, path) as telemetry:
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
    async with serving(world, path):
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


def test_umask_is_given_back(tmp_path: Path):
    """Making the socket private changes nothing for the rest of the process."""
    before = os.umask(0o022)
    try:
        listen.unix(tmp_path / "s.sock").close()
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


@pytest.mark.real
async def test_prometheus_scrapes_it(world, path: Path, start_prometheus):
    """A real Prometheus takes the page as it is: its scrape is up, and the figures are in its store."""
    await world.run("good")
    async with serving(world, path) as telemetry:
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
