"""What a probe costs, whole path to victoria-metrics, beside blackbox_exporter with vmagent."""

from __future__ import annotations

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
    from collections.abc import Callable, Mapping

TARGETS = 50


class Probe(NamedTuple):
    """One kind of probe, for us and for blackbox_exporter."""

    plugin: str
    fields: Mapping[str, Any]
    module: str
    targets: list[str]
    goal: float


def run(seconds: float = 30.0) -> None:
    """Print CPU seconds per 1,000 probes, ours and theirs, measured in the same window."""
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
        rows = [_pair(Path(name) / probe.plugin, probe, seconds) for probe in probes]
    head = (
        "probe",
        "ours CPU-s/1,000",
        "blackbox + vmagent",
        "ours / theirs",
        "goal",
        "MiB",
        "their MiB",
    )
    report.table(f"A probe, whole path, {TARGETS} targets at 1 s", head, rows)


def _pair(folder: Path, probe: Probe, seconds: float) -> list[object]:
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
        file = config.agent(folder, write_url=server.write_url, listen=listen, tasks=tasks)
        with (
            VmAgent(folder / "vmagent", server.write_url, scrape=scrape) as vmagent,
            meter.sentinel(folder, file) as us,
        ):
            count = _counter(server)
            wait_until(
                lambda: (
                    meter.delivered(listen) > 0
                    and all(count(job) for job in (probe.module, probe.plugin))
                ),
                timeout=60,
            )
            meter.window(5.0, (us.pid,))
            before = [count(probe.plugin), count(probe.module)]
            ours, theirs = meter.window(seconds, (us.pid,), (blackbox.pid, vmagent.pid))
            meter.window(12.0, (us.pid,))  # what is under way arrives
            expected = seconds * TARGETS
            for job, old in zip((probe.plugin, probe.module), before, strict=True):
                new = count(job) - old
                if new < expected * 0.9:
                    raise RuntimeError(
                        f"{job}: only {new} of {expected} probes arrived; the run means nothing"
                    )
            cost = ours.cpu / expected * 1000, theirs.cpu / expected * 1000
            return [
                probe.plugin, *cost, cost[0] / cost[1], probe.goal,
                meter.resident_mib(us.pid), meter.resident_mib(blackbox.pid, vmagent.pid),
            ]  # fmt: skip


def _counter(server: VictoriaMetrics) -> Callable[[str], int]:
    return lambda job: server.count(f'probe_success{{job="{job}"}}')
