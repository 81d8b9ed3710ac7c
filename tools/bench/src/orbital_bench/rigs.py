"""Agents under test, ours and vmagent alike: started, killed, and started again on what they left."""

from __future__ import annotations

import signal
import time
from abc import ABC, abstractmethod
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

import cramjam
import yaml
from prometheus_client.parser import text_string_to_metric_families

from orbital_bench import config, meter
from orbital_remote_write.remote_write_pb2 import WriteRequest
from orbital_testbench import Answer, HostileServer, VmAgent, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orbital_testbench import Behaviour, Request

TARGETS: Final = 5
ROWS, COLUMNS = 5, 10
SERIES: Final = ROWS * COLUMNS
"""Series of a target that are counted; what else an agent tells of a target is its own."""
UNCOUNTED: Final = 4
"""Of ours: a scalar, `up`, and what a run took and gave."""
COUNTED: Final = "bench_interface_column_"


class Arrival(NamedTuple):
    """One request that was stored."""

    at: float
    """Seconds UTC."""
    body: bytes


class Sink(HostileServer):
    """A remote-write destination that keeps what comes, unless it was told to fail."""

    def __init__(self) -> None:
        super().__init__()
        self.arrivals: list[Arrival] = []
        self.heal()

    def fail(self, how: Behaviour) -> None:
        """Do this from now on."""
        self.default = how

    def heal(self) -> None:
        """Store everything again."""
        self.default = self._store

    @property
    def write_url(self) -> str:
        return f"{self.url}/api/v1/write"

    def _store(self, request: Request) -> Behaviour:
        self.arrivals.append(Arrival(time.time(), request.body))
        return Answer(204)

    def samples(self) -> Iterator[tuple[float, tuple[str, ...], int]]:
        """When each counted sample came, its series, and its own time in milliseconds."""
        for at, body in self.arrivals:
            request = WriteRequest.FromString(bytes(cramjam.snappy.decompress_raw(body)))
            for series in request.timeseries:
                labels = {label.name: label.value for label in series.labels}
                if labels["__name__"].startswith(COUNTED):
                    key = labels["instance"], labels["__name__"], labels["ifIndex"]
                    for sample in series.samples:
                        if sample.value == sample.value:  # no stale marker
                            yield at, key, sample.timestamp


class Rig(ABC):
    """One agent, collecting from `TARGETS` made-up devices every second."""

    name: ClassVar[str]

    def __init__(self, folder: Path, disk: Path | None = None) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.disk = disk or folder
        """Where its queue is."""

    @abstractmethod
    def start(self, url: str) -> None:
        """Begin, or begin again, to write to this address."""

    @abstractmethod
    def end(self, how: signal.Signals) -> None:
        """End the process, and wait for it."""

    @property
    @abstractmethod
    def alive(self) -> bool: ...

    def dead_letters(self) -> float:
        """Samples that were refused, and are kept."""
        return 0.0


class Ours(Rig):
    name = "ours"

    def __init__(self, folder: Path, disk: Path | None = None) -> None:
        super().__init__(folder, disk)
        self.listen = f"127.0.0.1:{free_port()}"
        self._stack = ExitStack()

    def start(self, url: str) -> None:
        fields = {"host": "made-up-{n}", "rows": ROWS, "columns": COLUMNS}
        file = config.agent(
            self.folder,
            write_url=url,
            listen=self.listen,
            tasks=config.tasks(TARGETS, "bench_table", "1s", fields),
            buffer={
                "type": "disk", "disk_path": str(self.disk / "buffer"), "flush_interval": "1s",
            },
        )  # fmt: skip
        settings = yaml.safe_load(file.read_text())
        settings["sender"]["direct"]["victoria_metrics"]["compression"] = "snappy"
        file.write_text(yaml.safe_dump(settings))
        self._process = self._stack.enter_context(meter.sentinel(self.folder, file))

    def end(self, how: signal.Signals) -> None:
        self._process.send_signal(how)
        self._process.wait(60)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def dead_letters(self) -> float:
        name = "sentinel_output_dead_lettered_samples_total"
        page = meter.page(self.listen)
        samples = [s for f in text_string_to_metric_families(page) for s in f.samples]
        return sum(sample.value for sample in samples if sample.name == name)


class Theirs(Rig):
    name = "vmagent"

    def __init__(self, folder: Path, disk: Path | None = None) -> None:
        super().__init__(folder, disk)
        self._agent: VmAgent | None = None

    def start(self, url: str) -> None:
        targets = [f"127.0.0.1:{port}" for port in exporter_ports()]
        job = {
            "job_name": "bench", "scrape_interval": "1s",
            "static_configs": [{"targets": targets}],
        }  # fmt: skip
        self._agent = VmAgent(
            self.folder / "vmagent",
            url,
            scrape=yaml.safe_dump({"scrape_configs": [job]}),
            flags=[
                "-remoteWrite.forcePromProto",
                f"-remoteWrite.tmpDataPath={self.disk / 'queue'}",
            ],
        )
        self._agent.folder.mkdir(exist_ok=True)
        self._agent.start()

    def end(self, how: signal.Signals) -> None:
        if self._agent is not None:
            if how == signal.SIGKILL:
                self._agent.kill()
            else:
                self._agent.stop()

    @property
    def alive(self) -> bool:
        return self._agent is not None and self._agent.healthy()


_ports: list[int] = []


def exporter_ports() -> list[int]:
    """The made-up devices as exporters that vmagent scrapes: the same series."""
    while len(_ports) < TARGETS:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
        Thread(target=server.serve_forever, daemon=True).start()
        _ports.append(server.server_address[1])
    return _ports


class Exporter(BaseHTTPRequestHandler):
    """A page of the series that `bench_table` gives."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        now = time.time()
        lines = [
            f'{COUNTED}{column}_total{{ifIndex="{row}",ifName="eth{row}"}} {now * (column + 1)}'
            for row in range(ROWS)
            for column in range(COLUMNS)
        ]
        body = "\n".join([*lines, ""]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class calls it so)
        """Say nothing."""
