"""What a probe costs, whole path to victoria-metrics, beside blackbox_exporter with vmagent."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from orbital_bench import config, meter, report
from orbital_testbench import (
    BlackboxExporter,
    Nginx,
    VictoriaMetrics,
    VmAgent,
    free_port,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

TARGETS = 50


class Probe(NamedTuple):
    """One kind of probe, for us and for blackbox_exporter."""

    plugin: str
    fields: Mapping[str, Any]
    module: str
    targets: list[str]
    goal: float


def run(seconds: float = 20.0) -> None:
    """Print CPU seconds per 1,000 probes that were stored, ours and theirs, measured in the same window."""
    report.settings(config.KEEPING, "blackbox_exporter 0.26 + vmagent 1.112")
    hosts = [f"127.0.2.{n}" for n in range(1, TARGETS + 1)]
    page = "location / { return 200 'status: fine\\n'; }"
    with TemporaryDirectory() as name, Nginx(Path(name) / "nginx", page, addresses=hosts) as nginx:
        probes = (
            Probe("ping", {"host": "127.0.2.{n}", "count": 1}, "icmp", hosts, 1 / 12),
            Probe(
                "http",
                {"url": f"http://127.0.2.{{n}}:{nginx.port}/", "body_matches": ["fine"]},
                "http_2xx",
                [f"http://{host}:{nginx.port}/" for host in hosts],
                1 / 4,
            ),
        )
        rows = [
            _pair(Path(name) / f"{probe.plugin}-{number}", probe, keeping, seconds)
            for probe in probes
            for number, keeping in enumerate((config.MEMORY, config.DISK, config.EQUAL))
        ]
    head = (
        "probe",
        "buffer",
        "ours CPU-s/1,000",
        "blackbox + vmagent",
        "ours / theirs",
        "goal",
        "stored, of all",
        "theirs",
        "MiB",
        "their MiB",
    )
    report.table(f"A probe, whole path, {TARGETS} targets at 1 s", head, rows)


def _pair(folder: Path, probe: Probe, keeping: config.Keeping, seconds: float) -> list[object]:
    folder.mkdir()
    with (
        VictoriaMetrics(folder / "vm") as server,
        BlackboxExporter(folder / "blackbox") as blackbox,
    ):
        scrape = config.blackbox_scrape(
            blackbox=f"127.0.0.1:{blackbox.port}",
            module=probe.module,
            targets=probe.targets,
            interval="1s",
        )
        listen = f"127.0.0.1:{free_port()}"
        tasks = config.tasks(TARGETS, probe.plugin, "1s", probe.fields)
        file = config.agent(
            folder, write_url=server.write_url, listen=listen, tasks=tasks, buffer=keeping.buffer
        )
        with (
            VmAgent(folder / "vmagent", server.write_url, scrape=scrape) as vmagent,
            meter.sentinel(folder, file) as us,
        ):
            jobs = probe.plugin, probe.module
            wait_until(lambda: all(_stored(server, job) for job in jobs), timeout=120)
            meter.window(5.0, (us.pid,))
            begin = time.time()
            ours, theirs = meter.window(seconds, (us.pid,), (blackbox.pid, vmagent.pid))
            end = time.time()
            meter.window(12.0, (us.pid,))  # what is under way arrives
            counts = [_stored(server, job, begin, end) for job in jobs]
            cost = ours.cpu / counts[0] * 1000, theirs.cpu / counts[1] * 1000
            return [
                probe.plugin, keeping.name, *cost, cost[0] / cost[1], probe.goal,
                *(count / (seconds * TARGETS) for count in counts),
                meter.resident_mib(us.pid), meter.resident_mib(blackbox.pid, vmagent.pid),
            ]  # fmt: skip


def _stored(
    server: VictoriaMetrics, job: str, begin: float | None = None, end: float | None = None
) -> int:
    """Probes of this time that the server has."""
    lines = server.export(f'probe_success{{job="{job}"}}', start=begin, end=end)
    return sum(len(line["timestamps"]) for line in lines)
