"""Dead letters as users meet them: a server refuses, people look, and later the samples arrive after all."""

from __future__ import annotations

import json
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

import pytest
import snappy

from orbital_testbench import VictoriaMetrics, wait_until

ILL = "127.0.0.2"
WORDS = "this host is not welcome"
LETTERS = ("buffer", "dead-letters")
ALL = ("--limit", "1000")
"""More than `refused` makes."""


class Gate(ThreadingHTTPServer):
    """In front of a server: refuses what speaks of one host, until it is opened."""

    def __init__(self, target):
        self.target = target
        self.closed = True
        super().__init__(("127.0.0.1", 0), _Keeper)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/api/v1/write"


class _Keeper(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.closed and ILL.encode() in snappy.uncompress(body):
            self._answer(400, WORDS.encode())
            return
        headers = {n: v for n, v in self.headers.items() if n.lower() not in ("host", "connection")}
        with urlopen(Request(self.server.target, body, headers), timeout=10) as answer:
            self._answer(answer.status, answer.read())

    def _answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nobody reads it."""


@pytest.fixture
def gate(victoria_metrics: VictoriaMetrics):
    with Gate(victoria_metrics.write_url) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def refused(sentinel, gate):
    """An agent whose server took the samples of one host and refused those of another, which is gone by now;
    it runs.
    """
    configure(sentinel, gate, "127.0.0.1")
    sentinel.start()
    wait_until(lambda: sentinel.account("gate").get("delivered"))
    configure(sentinel, gate, "127.0.0.1", ILL)  # an output that took nothing yet would only pause
    wait_until(lambda: sentinel.account("gate").get("letters", 0) > 6)
    configure(sentinel, gate, "127.0.0.1")
    wait_until(lambda: len(sentinel.tasks()) == 1)
    return sentinel


def configure(sentinel, gate, *hosts):
    sentinel.configure(
        sentinel={"labels": {"site": sentinel.folder.name}},
        buffer={"type": "disk", "flush_interval": "100ms"},
        sender={"direct": {"gate": {"writer": "prometheus", "url": gate.url}}},
        tasks=[
            {"id": host, "plugin": "ping", "interval": every, "config": {"host": host, "count": 1}}
            for host, every in zip(
                hosts, ("300ms", "1s"), strict=False
            )  # of the ill one a list shows all
        ],
    )


def letters(sentinel, *options):
    done = sentinel.command(*LETTERS, "list", "--output-format", "json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def accounts(sentinel):
    (book,) = sentinel.json("buffer", "status")["outputs"]
    return book


@pytest.mark.real
def test_what_was_refused_arrives_later(refused, gate, victoria_metrics: VictoriaMetrics):
    """Listed alike by the agent and from its folder, replayed while it is stopped, delivered at the start."""
    status = refused.command("status").stdout
    assert "output gate refused " in status
    assert "sentinel buffer dead-letters list --output gate" in status
    assert refused.status()["ready"]
    first = letters(refused, *ALL)["letters"][-1]
    assert (first["output"], first["target"]) == ("gate", ILL)
    assert WORDS in first["reason"]
    live = refused.command(*LETTERS, "show", first["id"])
    assert refused.json(*LETTERS, "show", first["id"]) == first
    refused.end(signal.SIGKILL)
    stopped = refused.command(*LETTERS, "show", first["id"])
    assert stopped.stdout.partition("refused:")[0] == live.stdout.partition("refused:")[0]
    assert WORDS in stopped.stdout
    table = refused.command(*LETTERS, "list", "--output", "gate", *ALL)
    assert f"{first['id']} " in table.stdout
    kept = letters(refused, *ALL)
    total = kept["total"]
    assert refused.command("buffer", "verify").returncode == 0
    asked = refused.command(*LETTERS, "replay")
    assert asked.returncode == 2
    assert "say --yes" in asked.stderr
    done = refused.command(*LETTERS, "replay", "--output", "gate", "--yes")
    assert f"Replayed {total:,} dead letters" in done.stdout, done.stderr
    assert letters(refused)["total"] == 0
    before = accounts(refused)
    assert before["waiting"] >= total
    assert refused.command("buffer", "verify").returncode == 0
    gate.closed = False
    refused.start()
    wait_until(lambda: refused.account("gate").get("delivered", 0) >= before["delivered"] + total)
    account = refused.account("gate")
    assert account["letters_gone"] == {"replayed": account["dead_lettered"]}
    pings = [one for one in kept["letters"] if one["name"] == "ping_packets_sent"]
    site = refused.folder.name
    wait_until(  # fresh samples may overtake them
        lambda: all(arrived(victoria_metrics, site, letter) for letter in pings), what="all letters"
    )


def arrived(server, site, letter):
    """Whether this very sample is there, at its own time."""
    moment = letter["timestamp_ms"] / 1000
    series = f'{letter["name"]}{{site="{site}",instance="{ILL}"}}'
    found = server.samples(series, start=moment - 0.001, end=moment + 0.001)
    return any(value == letter["value"] for one in found for _, value in one.samples)


@pytest.mark.real
def test_letters_are_thrown_away_and_sent_again_by_a_running_agent(refused, gate):
    """The oldest first, by number and age; a wrong name, id or age is answered with a sentence."""
    for wrong, code, words in (
        (("list", "--output", "nobody"), 1, "it knows: gate"),
        (("show", "9-99"), 1, "there is no dead letter 9-99"),
        (("show", "x"), 2, "they look like 3-17"),
        (("purge", "--older-than", "soon", "--yes"), 2, "--older-than"),
    ):
        done = refused.command(*LETTERS, *wrong)
        assert (done.returncode, words in done.stderr) == (code, True), done.stderr
        assert "Traceback" not in done.stderr
    oldest = letters(refused, *ALL)["letters"][-3:]
    done = refused.command(*LETTERS, "purge", "--limit", "3", "--yes")
    assert "Threw away 3 dead letters." in done.stdout
    left = {letter["id"] for letter in letters(refused, *ALL)["letters"]}
    assert not left & {letter["id"] for letter in oldest}
    done = refused.command(*LETTERS, "purge", "--older-than", "1h", "--yes")
    assert "There are no dead letters that are older than 1h." in done.stdout
    gate.closed = False
    done = refused.command(*LETTERS, "replay", "--yes")
    assert "waiting to be delivered" in done.stdout, done.stderr
    wait_until(lambda: not refused.account("gate")["letters"])
    account = refused.account("gate")
    assert account["letters_gone"]["purged"] == 3
    assert sum(account["letters_gone"].values()) == account["dead_lettered"]
    name = 'sentinel_dead_letters_replayed_total{output="gate"}'
    assert refused.metrics()[name] == account["letters_gone"]["replayed"]
    assert refused.end() == 0


CLOCKED = """
import time
from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig

class Device(DeviceFields):
    host: str
    behind: int = 0

class Clocked(Plugin[Device, PluginConfig]):
    name = "clocked"
    summary = "Devices that stamp their values themselves"
    value = Metric("clocked_value", "By row", labels=("row",))

    async def collect(self, device, ctx):
        ts = time.time_ns() // 10**6 - device.behind * 1000
        return [self.value.series(str(row))(1.0, ts) for row in range(100)]
"""


@pytest.mark.real
def test_wrong_clocks_cost_the_other_devices_nothing(sentinel, prometheus):
    """Prometheus refuses whole requests for the samples of devices that live in yesterday, more of them than
    can be found one by one: what becomes a dead letter is theirs, and all others arrive.
    """
    sentinel.install("acme-clocked", CLOCKED, clocked="Clocked")
    devices = [(f"good-{n}", 0) for n in range(8)] + [(f"wrong-{n}", 86_400) for n in range(4)]
    sentinel.configure(
        buffer={"type": "disk", "flush_interval": "1s"},
        sender={"direct": {"prometheus": {"url": f"{prometheus.url}/api/v1/write"}}},
        tasks=[
            {
                "id": host, "plugin": "clocked", "interval": "1s",
                "config": {"host": f"{host}.{sentinel.folder.name}", "behind": behind},
            }
            for host, behind in devices
        ],
    )  # fmt: skip
    sentinel.start()
    wait_until(lambda: sentinel.account("prometheus").get("dead_lettered", 0) > 1000, timeout=60)
    refused = letters(sentinel, "--limit", "1000")["letters"]
    assert {letter["device"] for letter in refused} <= {f"wrong-{n}" for n in range(4)}
    account = sentinel.account("prometheus")
    assert account["delivered"] >= account["dead_lettered"]
