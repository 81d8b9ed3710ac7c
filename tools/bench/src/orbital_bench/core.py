"""What Gravital Core costs: samples to its ingest, and a list of 50,000 tasks beside running ones."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import requests
from pydantic import SecretStr

from orbital_bench import core_lists, report
from orbital_bench.holds import watched
from orbital_devcore.core import Core
from orbital_devcore.peer import Peer
from orbital_devcore.serving import serving
from orbital_gravital.calls.client import CoreClient
from orbital_gravital.credentials import Credentials
from orbital_gravital.samples.ingest import encode, requests_of
from orbital_gravital.sections import CoreSection
from orbital_gravital.tasks.assigned import Assigned
from orbital_gravital.tasks.cache import TaskCache
from orbital_gravital.tasks.spec import entries
from orbital_http import Reply
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import Settings
from orbital_runtime.settings.validation.binding import Binder
from orbital_sdk import Batch, Identity, Layout, Origin, Row

if TYPE_CHECKING:
    from collections.abc import Callable

TASKS: Final = 50_000
SAMPLES: Final = 200_000

SETTINGS = (
    ("samples", "829 batches of 241, encoded while it is measured", "the same, as dicts and by json.dumps"),
    ("samples a request", "1,000", "964: four batches"),
    ("compression", "gzip 5", "none"),
    ("connection", "one, kept", "a new one for each request"),
    ("server", "devcore in the same process; keeps the last 1,000 samples", "the same"),
    ("lists", "50,000 ping tasks; taken over with no agent around", "json.loads"),
    ("lists in an agent", "mode core, memory buffer; telemetry and auto_reload off", ""),
    ("its core.timeout, task_fetch_interval", "60 s, 1 h: each list is asked for", ""),
    ("its server", "devcore in a process of its own", ""),
)  # fmt: skip


def run() -> None:
    """Print CPU of the sending side, and how long a list keeps others waiting."""
    report.settings(SETTINGS, "json and requests")
    _ingest()
    asyncio.run(_lists())
    core_lists.run()


def _batches() -> list[Batch]:
    origin = Origin("t", "bench", "dev-1", "10.0.0.1", Identity("id", "edge"))
    rows = [Row("if_in_octets", {"device_id": "dev-1", "if_index": str(i)}) for i in range(241)]
    layout, now = Layout(origin, rows), time.time_ns() // 1_000_000
    values = [float(i * i) for i in range(241)]
    return [Batch(layout, now + i, array("d", values)) for i in range(SAMPLES // 241)]


def _ingest() -> None:
    batches = _batches()
    count = sum(map(len, batches))
    core = Core(keep_samples=1000)
    with serving(core) as address:
        found = Peer(address, core).register()
        who = Credentials(found["sentinel_id"], SecretStr(found["api_token"]))
        client = CoreClient(address, CoreSection(url=address))

        def ours() -> None:
            for body in requests_of(encode(batches)[0]):
                client.send("POST", "/data/ingest", body, credentials=who, packed=True)

        def plain() -> None:
            for start in range(0, len(batches), 4):
                metrics = [_metric(*item) for b in batches[start : start + 4] for item in b.items()]
                body = json.dumps({"metrics": metrics})
                url = f"{address}/api/v1/data/ingest"
                requests.post(url, data=body, headers=who.headers(), timeout=60)

        rows = [
            ["encode alone", _per_second(lambda: encode(batches), count)],
            ["encode, gzip, post (orbital-gravital)", _per_second(ours, count)],
            ["dicts, json.dumps, requests.post", _per_second(plain, count)],
        ]
    report.table(
        "Core: samples a second and core of CPU, sending side", ("what", "samples/s"), rows
    )


def _metric(row: Row, ms: int, value: float) -> dict[str, Any]:
    return {
        "name": row.name, "value": value, "type": row.kind, "timestamp": ms // 1000,
        "labels": dict(row.labels),
    }  # fmt: skip


def _per_second(work: Callable[[], object], count: int) -> float:
    """By the CPU of this thread alone: the server is another one."""
    work()
    start = time.thread_time()
    work()
    return count / (time.thread_time() - start)


async def _lists() -> None:
    body = json.dumps({"code": 0, "data": {"config_version": 1, "tasks": _entries(0)}}).encode()
    later = json.dumps({"code": 0, "data": {"config_version": 1, "tasks": _entries(7)}}).encode()
    assigned = Assigned()
    binder = Binder(Registry.discover(), Settings(), strict=False)

    async def take(text: bytes) -> None:
        found, _ = entries(Reply(200, body=text), "GET /sentinel-tasks")
        await asyncio.sleep(0)  # as the agent does
        await assigned.take(found, binder)

    rows = [
        ["first list, every task new", *await _beside(take(body))],
        ["next list, only times changed", *await _beside(take(later))],
        ["the list encrypted and written, in a thread", *await _beside(_kept(later))],
        ["json.loads of the same list, for scale", *await _beside(_loads(body))],
    ]
    head = ("what", "seconds", "CPU at a time, ms", "longest wait beside it, ms")
    report.table(f"Core: a list of {TASKS:,} tasks ({len(body) >> 20} MiB)", head, rows)


async def _kept(body: bytes) -> None:
    found, _ = entries(Reply(200, body=body), "GET /sentinel-tasks")
    with tempfile.TemporaryDirectory() as folder:
        who = Credentials("sentinel-a", SecretStr("token"))
        await asyncio.to_thread(TaskCache(Path(folder)).save, found, who)


async def _loads(body: bytes) -> None:
    await asyncio.sleep(0)
    json.loads(body)


async def _beside(work: Any) -> tuple[float, float, float]:
    """Seconds of the work, and how it held the loop."""
    async with watched() as holds:
        start = time.perf_counter()
        await work
        seconds = time.perf_counter() - start
    return seconds, holds.cpu, holds.late


def _entries(executed: int) -> list[dict[str, Any]]:
    """As the server gives them; `executed` changes what each report changes."""
    return [
        {
            "id": i, "task_id": f"task-{i:08x}", "device_id": f"dev-{i:08x}", "plugin_name": "ping",
            "device": {
                "id": i, "device_id": f"dev-{i:08x}", "name": f"sw{i}", "device_type": "switch",
                "connection_config": {"host": f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}", "port": 161,
                    "protocol": "snmp", "auth": {"type": "snmp_2c", "config": {"community": "c"}}},
                "labels": {"env": "prod"}, "status": "online", "last_seen": "2026-11-24T20:31:21Z",
            },
            "config": {"device_type": "switch", "host": f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}"},
            "interval_seconds": 300, "enabled": True, "priority": 5, "retry_count": 3,
            "timeout_seconds": 30, "last_executed_at": f"2026-11-24T20:3{executed}:21Z",
            "next_execution_at": f"2026-11-24T20:3{executed}:21.578768Z",
        }
        for i in range(TASKS)
    ]  # fmt: skip
