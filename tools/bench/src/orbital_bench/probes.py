"""What a probe costs, whole path to victoria-metrics, beside blackbox_exporter with vmagent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from orbital_bench import config, meter, report
from orbital_testbench import BlackboxExporter, Nginx, VictoriaMetrics, VmAgent, wait_until, free_port

TARGETS = 50
GOALS = {"icmp": 1 / 12, "http": 1 / 4}


def run(seconds: float = 30.0) -> None:
    """Print CPU seconds per 1,000 probes, ours and theirs, measured in the same window."""
    rows: list[list[object]] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        hosts = [f"127.0.2.{n}" for n in range(1, TARGETS + 1)]
        rows.append(_pair(folder / "icmp", "icmp", "icmp", hosts, "ping", {"host": "127.0.2.{n}", "count": 1}, seconds))
        with Nginx(folder / "nginx", "location / { return 200 'status: fine\\n'; }", addresses=hosts) as nginx:
            urls = [f"http://{host}:{nginx.port}/" for host in hosts]
            fields = {"url": f"http://127.0.2.{{n}}:{nginx.port}/", "body_matches": ["fine"]}
            rows.append(_pair(folder / "http", "http", "http_2xx", urls, "http", fields, seconds))
    head = ("probe", "ours CPU-s/1,000", "blackbox + vmagent", "ours / theirs", "goal", "ours MiB", "theirs MiB")
    report.table(f"A probe, whole path, {TARGETS} targets at 1 s", head, rows)


def _pair(
    folder: Path, kind: str, module: str, targets: list[str], plugin: str, fields: dict[str, object], seconds: float
) -> list[object]:
    folder.mkdir()
    with VictoriaMetrics(folder / "vm") as server, BlackboxExporter(folder / "blackbox") as blackbox:
        scrape = config.blackbox_scrape(
            blackbox=f"127.0.0.1:{blackbox.port}", module=module, targets=targets, interval="1s"
        )
        listen = f"127.0.0.1:{free_port()}"
        tasks = config.tasks(TARGETS, plugin, "1s", **fields)
        file = config.agent(folder, write_url=server.write_url, listen=listen, tasks=tasks)
        with VmAgent(folder / "vmagent", server.write_url, scrape=scrape) as vmagent, meter.sentinel(folder, file) as us:
            count = _counter(server)
            wait_until(lambda: meter.delivered(listen) > 0 and all(count(job) for job in (module, plugin)), timeout=60)
            meter.window(5.0, (us.pid,))
            before = [count(plugin), count(module)]
            ours, theirs = meter.window(seconds, (us.pid,), (blackbox.pid, vmagent.pid))
            meter.window(12.0, (us.pid,))  # what is under way arrives
            probes = seconds * TARGETS
            for job, old in zip((plugin, module), before, strict=True):
                new = count(job) - old
                if new < probes * 0.9:
                    raise RuntimeError(f"{job}: only {new} of {probes} probes arrived; the run means nothing")
            cost = ours.cpu / probes * 1000, theirs.cpu / probes * 1000
            return [
                kind, *cost, cost[0] / cost[1], GOALS[kind],
                meter.resident_mib(us.pid), meter.resident_mib(blackbox.pid, vmagent.pid),
            ]  # fmt: skip


def _counter(server: VictoriaMetrics) -> Callable[[str], int]:
    return lambda job: server.count(f'probe_success{{job="{job}"}}')
