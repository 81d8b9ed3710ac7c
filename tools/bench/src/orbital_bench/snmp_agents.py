"""Whole agents that poll 241 values by SNMP: ours, snmp_exporter with vmagent, and collectd."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from orbital_bench import config, meter, report
from orbital_bench.snmp_engines import V2C, V3
from orbital_bench.snmp_peers import COLUMNS, Collectd, exporter_config, exporter_scrape, profile
from orbital_testbench import VictoriaMetrics, VmAgent, free_port, wait_until
from orbital_testbench.snmp_exporter import SnmpExporter

if TYPE_CHECKING:
    from orbital_testbench.snmpd import Snmpd

INTERVAL = 10


class Case(NamedTuple):
    """How many devices, and who polls them."""

    devices: int
    peers: bool
    fields: dict[str, Any] = V2C


CASES = (
    Case(50, peers=True),
    Case(500, peers=True),
    Case(500, peers=False, fields=V3),
    Case(5000, peers=False),
)


def run(server: Snmpd, rows: int, seconds: float = 60.0) -> None:
    """Print CPU seconds per 1,000 polls and per million samples, memory and lateness."""
    head = (
        "devices at 10 s", "who", "polls", "CPU-s/1,000 polls", "CPU-s/1,000,000 samples", "to ours", "MiB",
        "late p99 ms",
    )  # fmt: skip
    title = f"A poll of {1 + rows * len(COLUMNS)} values, whole path, disk buffer synced"
    for (
        case
    ) in CASES:  # each by itself: the largest takes minutes, and a small machine may not reach it
        report.table(f"{title}, {case.devices} devices", head, _case(case, server, rows, seconds))


def _case(case: Case, server: Snmpd, rows: int, seconds: float) -> list[list[object]]:
    hosts = [f"127.{1 + n // 62500}.{n // 250 % 250}.{1 + n % 250}" for n in range(case.devices)]
    listen = f"127.0.0.1:{free_port()}"
    graphite = free_port()
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        flags = [f"-graphiteListenAddr=127.0.0.1:{graphite}"]
        vm = stack.enter_context(VictoriaMetrics(folder / "vm", flags=flags))
        file = _ours(folder, vm.write_url, listen, hosts, {"port": server.port} | case.fields)
        who = {"ours": (stack.enter_context(meter.sentinel(folder, file)).pid,)}
        if case.peers:
            targets = [f"{host}:{server.port}" for host in hosts]
            exporter = stack.enter_context(SnmpExporter(folder / "exporter", exporter_config()))
            scrape = exporter_scrape(f"127.0.0.1:{exporter.port}", targets, f"{INTERVAL}s")
            vmagent = stack.enter_context(VmAgent(folder / "vmagent", vm.write_url, scrape=scrape))
            collectd = stack.enter_context(
                Collectd(folder / "collectd", targets, graphite, INTERVAL)
            )
            who |= {
                "snmp_exporter": (exporter.pid,), "vmagent": (vmagent.pid,), "collectd": (collectd.pid,),
            }  # fmt: skip
        wait_until(lambda: _stored(vm)["ours"] >= case.devices, timeout=300, every=2)
        meter.window(2.5 * INTERVAL, who["ours"])  # every layout is warm
        before, began = _stored(vm), time.monotonic()
        spent = dict(zip(who, meter.window(seconds, *who.values()), strict=True))
        after, share = _stored(vm), seconds / (time.monotonic() - began)
        polls = {job: (count - before[job]) * share for job, count in after.items()}
        cpu = {name: one.cpu for name, one in spent.items()}
        memory = {name: meter.resident_mib(*pids) for name, pids in who.items()}
        late = _late(listen)
    return _lines(case, Figures(polls, cpu, memory, late, 1 + rows * len(COLUMNS)))


class Figures(NamedTuple):
    """What one case gave, by job or process."""

    polls: dict[str, float]
    cpu: dict[str, float]
    memory: dict[str, float]
    late: float
    values: int
    """Of one poll."""


def _lines(case: Case, found: Figures) -> list[list[object]]:
    polls, cpu, memory = found.polls, found.cpu, found.memory
    version = case.fields["version"]
    groups = {f"ours, v{version}": ("ours", ("ours",))}
    if case.peers:
        groups |= {
            "snmp_exporter + vmagent": ("exporter", ("snmp_exporter", "vmagent")),
            "collectd": ("collectd", ("collectd",)),
        }
    ours = cpu["ours"] / max(polls["ours"], 1)
    lines: list[list[object]] = []
    for name, (job, members) in groups.items():
        done = polls[job]
        cost = sum(cpu[member] for member in members) / max(done, 1)
        megabytes = sum(memory[member] for member in members)
        lines.append([
            case.devices, name, f"{done:,.0f}", cost * 1e3, cost / found.values * 1e6, cost / ours, megabytes,
            found.late if job == "ours" else "",
        ])  # fmt: skip
    return lines


def _ours(
    folder: Path, write_url: str, listen: str, hosts: list[str], fields: dict[str, Any]
) -> Path:
    fields = {"host": "", "profiles": [profile()], **fields}
    tasks = config.tasks(len(hosts), "snmp", f"{INTERVAL}s", fields)
    named = [{**t, "config": {**t["config"], "host": h}} for t, h in zip(tasks, hosts, strict=True)]
    buffer = {
        "type": "disk", "disk_path": str(folder / "buffer"), "sync": "always",
        "size": 20_000_000,  # the default is what 5,000 devices give in eight seconds
    }  # fmt: skip
    return config.agent(folder, write_url=write_url, listen=listen, tasks=named, buffer=buffer)


def _late(listen: str) -> float:
    """Milliseconds by which 99 % of the runs were not later: the upper bound of a histogram's bucket."""
    buckets = {
        float(sample.labels["le"]): sample.value
        for family in text_string_to_metric_families(meter.page(listen))
        for sample in family.samples
        if sample.name == "sentinel_task_lateness_seconds_bucket"
    }
    most = max(buckets.values())
    return min(bound for bound, count in buckets.items() if count >= 0.99 * most) * 1000


def _stored(vm: VictoriaMetrics) -> dict[str, float]:
    """Polls that arrived: each gives one sysUpTime."""
    mine = {"ours": 'sysUpTime{device_id!=""}', "exporter": 'sysUpTime{job="exporter"}'}
    counts = {job: _count(vm, selector) for job, selector in mine.items()}
    return counts | {"collectd": _count(vm, '{__name__=~".*gauge-sysUpTime.*"}')}


def _count(vm: VictoriaMetrics, selector: str) -> float:
    answer = vm.query(f"sum(count_over_time({selector}[1h]))")
    return answer[0].value if answer else 0.0
