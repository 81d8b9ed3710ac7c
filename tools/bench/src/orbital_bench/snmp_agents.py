"""Whole agents that poll 241 values by SNMP: ours, snmp_exporter with vmagent, and collectd."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from orbital_bench import config, meter, report
from orbital_bench.snmp_engines import V2C, V3
from orbital_bench.snmp_peers import COLUMNS, Collectd, exporter_config, exporter_scrape, profile
from orbital_testbench import VictoriaMetrics, VmAgent, free_port
from orbital_testbench.snmp_exporter import SnmpExporter

if TYPE_CHECKING:
    from orbital_testbench.snmpd import Snmpd

INTERVAL = 10
DEVICES: Final = "ORBITAL_BENCH_DEVICES"
"""Environment variable: how many devices, `50,500`; all cases if it is not there."""
PATIENCE: Final = 240.0
"""Seconds that all devices get to be polled once; who does not keep up is measured all the same."""
JOBS: Final = {
    "ours": 'sysUpTime{device_id!=""}',
    "exporter": 'sysUpTime{job="exporter"}',
    "collectd": '{__name__=~".*gauge-sysUpTime.*"}',
}
"""Who polls -> what each of its polls gives once."""


class Case(NamedTuple):
    """How many devices, and who polls them."""

    devices: int
    jobs: tuple[str, ...] = tuple(JOBS)
    fields: dict[str, Any] = V2C


CASES = (
    Case(50),
    Case(500),
    Case(500, ("ours",), V3),
    Case(5000, ("ours",)),
    Case(5000, ("exporter",)),  # by itself: the two do not fit on two cores together
)
SETTINGS = (
    ("queue", "disk, synced; size 20,000,000 (default 1,000,000: eight seconds of 5,000 devices)",
     "memory (default)"),
    ("flush", "10 s (default)", "vmagent 1 s (default); collectd: each 1,428 bytes (default)"),
    ("requests", "fast engine (default)",
     "snmp_exporter: max_repetitions 25 (default); collectd: BulkSize 25"),
    ("ifDescr, a label", "label_refresh 10m (default)", "read with each poll"),
)  # fmt: skip
HEAD = (
    "devices at 10 s", "who", "polls/s", "CPU-s/1,000 polls", "CPU-s/1,000,000 samples", "to ours",
    "polls/s/core", "MiB", "late p99 ms",
)  # fmt: skip


def run(server: Snmpd, rows: int, seconds: float = 60.0) -> None:
    """Print CPU seconds per 1,000 polls and per million samples, memory and lateness."""
    report.settings(SETTINGS, "snmp_exporter 0.28 + vmagent 1.112; collectd 5.12")
    chosen = os.environ.get(DEVICES)
    wanted = {int(number) for number in chosen.split(",")} if chosen else None
    for case in CASES:
        if wanted is None or case.devices in wanted:
            values = 1 + rows * len(COLUMNS)
            title = (
                f"A poll of {values} values, whole path, disk buffer synced, {case.devices} devices"
            )
            report.table(title, HEAD, _lines(case, _measure(case, server, seconds), values))


class Figures(NamedTuple):
    """What one case gave in its window."""

    seconds: float
    polls: dict[str, float]
    """By job."""
    spent: dict[str, float]
    """CPU seconds, by process; `snmpd` among them."""
    memory: dict[str, float]
    """MiB, likewise."""
    late: float | None
    """Milliseconds."""


def _measure(case: Case, server: Snmpd, seconds: float) -> Figures:
    hosts = [f"127.{1 + n // 62500}.{n // 250 % 250}.{1 + n % 250}" for n in range(case.devices)]
    listen = f"127.0.0.1:{free_port()}"
    graphite = free_port()
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        flags = [f"-graphiteListenAddr=127.0.0.1:{graphite}"]
        vm = stack.enter_context(VictoriaMetrics(folder / "vm", flags=flags))
        who = {"snmpd": server.pid}
        if "ours" in case.jobs:
            file = _ours(folder, vm.write_url, listen, hosts, {"port": server.port} | case.fields)
            who["ours"] = stack.enter_context(meter.sentinel(folder, file)).pid
        targets = [f"{host}:{server.port}" for host in hosts]
        if "exporter" in case.jobs:
            exporter = stack.enter_context(SnmpExporter(folder / "exporter", exporter_config()))
            scrape = exporter_scrape(f"127.0.0.1:{exporter.port}", targets, f"{INTERVAL}s")
            vmagent = stack.enter_context(VmAgent(folder / "vmagent", vm.write_url, scrape=scrape))
            who |= {"snmp_exporter": exporter.pid, "vmagent": vmagent.pid}
        if "collectd" in case.jobs:
            collectd = Collectd(folder / "collectd", targets, graphite, INTERVAL)
            who["collectd"] = stack.enter_context(collectd).pid
        _warm(case, vm)
        ours = "ours" in case.jobs
        runs = _lateness(listen) if ours else {}
        before, began = _stored(vm), time.monotonic()
        pids = [(pid,) for pid in who.values()]
        spent = dict(zip(who, meter.window(seconds, *pids), strict=True))
        after, lasted = _stored(vm), time.monotonic() - began
        return Figures(
            lasted,
            {job: after[job] - before[job] for job in case.jobs},
            {name: one.cpu * lasted / seconds for name, one in spent.items()},
            {name: meter.resident_mib(pid) for name, pid in who.items()},
            _late(runs, _lateness(listen)) if ours else None,
        )


def _warm(case: Case, vm: VictoriaMetrics) -> None:
    """Until every device was polled, and some rounds more: then all that is learned is known."""
    give_up = time.monotonic() + PATIENCE
    while min(_stored(vm)[job] for job in case.jobs) < case.devices and time.monotonic() < give_up:
        time.sleep(2)
    time.sleep(4 * INTERVAL)


def _lines(case: Case, found: Figures, values: int) -> list[list[object]]:
    names = {
        "ours": (f"ours, v{case.fields['version']}", ("ours",)),
        "exporter": ("snmp_exporter + vmagent", ("snmp_exporter", "vmagent")),
        "collectd": ("collectd", ("collectd",)),
    }
    groups = {names[job][0]: (found.polls[job], names[job][1]) for job in case.jobs}
    groups["snmpd, for all of them"] = sum(found.polls.values()), ("snmpd",)
    ours = found.spent.get("ours", 0.0) / max(found.polls.get("ours", 1.0), 1.0)
    lines: list[list[object]] = []
    for name, (polls, members) in groups.items():
        cost = sum(found.spent[member] for member in members) / max(polls, 1)
        lines.append([
            case.devices, name, polls / found.seconds, cost * 1e3, cost / values * 1e6,
            cost / ours if ours else "", 1 / max(cost, 1e-9), sum(found.memory[member] for member in members),
            found.late if members == ("ours",) and found.late is not None else "",
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


def _lateness(listen: str) -> dict[float, float]:
    """Runs since the start that were not later, by the seconds of the histogram's bucket."""
    return {
        float(sample.labels["le"]): sample.value
        for family in text_string_to_metric_families(meter.page(listen))
        for sample in family.samples
        if sample.name == "sentinel_task_lateness_seconds_bucket"
    }


def _late(before: dict[float, float], after: dict[float, float]) -> float | None:
    """Milliseconds by which 99 % of the runs between the two were not later: the upper bound of a bucket.
    None where the agent was too busy to tell.
    """
    runs = {bound: count - before.get(bound, 0.0) for bound, count in after.items()}
    most = max(runs.values(), default=0.0)
    reached = [bound for bound, count in runs.items() if count >= 0.99 * most]
    return min(reached) * 1000 if most else None


def _stored(vm: VictoriaMetrics) -> dict[str, float]:
    """Polls that arrived: each gives one sysUpTime."""
    return {job: _count(vm, selector) for job, selector in JOBS.items()}


def _count(vm: VictoriaMetrics, selector: str) -> float:
    answer = vm.query(f"sum(count_over_time({selector}[1h]))")
    return answer[0].value if answer else 0.0
