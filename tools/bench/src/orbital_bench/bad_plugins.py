"""Seven plugins that misbehave, in processes of their own, beside 1,000 healthy tasks for ten minutes.

The healthy tasks have to miss nothing, and the ledger has to add up. Run as root, the one that forks becomes
the user `nobody`, as the system limits root's processes in no other way: the interpreter and these packages
have to be readable for it.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from orbital_bench import config, meter, updating
from orbital_bench.bad import PLUGINS, Forks
from orbital_bench.report import table
from orbital_sentinel.client.client import Client, NotRunning
from orbital_testbench import Answer, HostileServer, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable

    Counts = dict[str, Counter[str]]

SECONDS: Final = 600.0
HEALTHY: Final = 1000
IN_A_PROCESS: Final = 100
"""Healthy tasks of a plugin that has a process of its own."""
INTERVAL: Final = "10s"
NOBODY: Final = "nobody"
FIELDS: Final = {"host": "made-up-{n}"}
WELL: Final = ("bench_table", "bench_busy")
COUNTED: Final = ("runs", "failed", "missed")
PROCESS: Final = {"isolation": "process"}


def run(seconds: float = SECONDS) -> None:
    """Print what each of them did, and what the healthy ones missed."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        sink = stack.enter_context(HostileServer())
        sink.default = Answer(204)
        site = _site(folder / "site")
        file = config.agent(
            folder,
            write_url=f"{sink.url}/api/v1/write",
            listen=f"127.0.0.1:{free_port()}",
            tasks=_tasks(),
            plugins={"reload_interval": "2s", **_plugins()},
            buffer={"flush_interval": "1s"},
        )
        agent = stack.enter_context(meter.sentinel(folder, file, PYTHONPATH=str(site)))
        client = Client(folder / "run" / "orbital-sentinel" / "sentinel.sock")
        wait_until(lambda: _all_well(client), timeout=120, what="a run of each healthy task")
        before, load = _counts(client), os.getloadavg()[0]
        time.sleep(seconds)
        _report(client, agent.pid, before, f"{load:.1f} to {os.getloadavg()[0]:.1f}")


def _site(site: Path) -> Path:
    """A folder of packages with the one that updates itself; everybody may change it."""
    site.mkdir()
    site.joinpath(updating.CODE).write_text(Path(updating.__file__).read_text())
    updating.install(site, 1)
    return site


def _tasks() -> Iterable[config.Task]:
    table_ = {**FIELDS, "rows": 5, "columns": 1}
    yield from config.tasks(HEALTHY - IN_A_PROCESS, "bench_table", INTERVAL, table_)
    yield from config.tasks(IN_A_PROCESS, "bench_busy", INTERVAL, {**FIELDS, "cpu": 0})
    for one in PLUGINS:
        yield from config.tasks(1, one.name, "5s", {})
    yield from config.tasks(1, updating.PACKAGE, "1s", {})


def _plugins() -> dict[str, Any]:
    sections: dict[str, Any] = {one.name: PROCESS | {"memory": "256MiB"} for one in PLUGINS}
    sections |= {updating.PACKAGE: PROCESS, "bench_busy": PROCESS}
    forks = sections[Forks.name] = PROCESS | {"tasks": 50}
    if os.geteuid() == 0:
        _check_nobody()
        forks["user"] = NOBODY
    return sections


def _check_nobody() -> None:
    """Its processes are limited, and so are not those of a root that could not become it."""
    user = pwd.getpwnam(NOBODY).pw_uid
    done = subprocess.run(
        [sys.executable, "-c", "import orbital_bench"], user=user, check=False, capture_output=True
    )
    if done.returncode:
        sys.exit(f"run this as a user, or where {NOBODY!r} may execute {sys.executable}")


def _rows(client: Client) -> list[dict[str, Any]]:
    try:
        return client.get(f"/api/v1/tasks?limit={2 * HEALTHY}")["tasks"]
    except NotRunning:
        return []


def _all_well(client: Client) -> bool:
    """Runs fail while the processes of their plugin start."""
    well = [row for row in _rows(client) if row["plugin"] in WELL and row["status"] == "success"]
    return len(well) == HEALTHY


def _counts(client: Client) -> Counts:
    """Runs, failed and missed ones of each plugin."""
    counts: Counts = {}
    for row in _rows(client):
        counts.setdefault(row["plugin"], Counter()).update({key: row[key] for key in COUNTED})
    return counts


def _report(client: Client, pid: int, before: Counts, load: str) -> None:
    told = {one["name"]: one for one in client.get("/api/v1/plugins")["running"]}
    rows = [
        _row(name, counts, before[name], told.get(name)) for name, counts in _counts(client).items()
    ]
    table(
        f"{HEALTHY:,} healthy tasks beside plugins that misbehave (load of the machine: {load})",
        ["plugin", *COUNTED, "process restarts", "now"],
        rows,
    )
    for output in client.get("/api/v1/status")["outputs"]:
        ledger = output["ledger"]
        gone = sum(ledger["dropped"].values())
        sum_ = ledger["delivered"] + ledger["waiting"] + ledger["dead_lettered"] + gone
        print(f"\n{output['name']}: accepted {ledger['accepted']:,} = {sum_:,} (dropped {gone})")
    print(f"the agent: {meter.resident_mib(pid):.0f} MiB with its processes")


def _row(
    name: str, counts: Counter[str], before: Counter[str], told: dict[str, Any] | None
) -> list[object]:
    processes: list[dict[str, Any]] = told["processes"] if told else []
    down = next((one["down"] for one in processes if one["down"]), "")
    return [
        name,
        *[counts[key] - before[key] for key in COUNTED],
        sum(one["restarts"] for one in processes) if processes else "in the agent",
        down or (f"version {told['loaded']} runs" if told else "not started"),
    ]
