"""Modbus: a poll of 100 holding registers through the whole agent, beside collectd; gateways; maps; engines.

One libmodbus server answers as every device: it listens on all addresses of 127.0.0.0/8.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import requests
from prometheus_client.parser import text_string_to_metric_families

from orbital_bench import config, meter, report
from orbital_bench.collectd import Collectd
from orbital_plugin_modbus import Modbus, ModbusConfig, ModbusDevice
from orbital_plugin_modbus.planner import ReadLimits, plan
from orbital_runtime.engine.report import METRICS
from orbital_sdk.testing import make_context
from orbital_testbench import ModbusServer, VictoriaMetrics, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

DEVICES, REGISTERS = 50, 100
GATEWAYS, UNITS = 10, 20
CONTENT = ["quiet", "holding 0 " + " ".join(str(n * 7 + 1) for n in range(1000))]
SETTINGS = (
    (*config.KEEPING[0][:2], "sends as it reads, in packets of 1,428 bytes (default)"),
    ("requests", "planned: 1 a poll (default)", "1 a register (it has no other)"),
    ("protocol to victoria-metrics", "remote write, zstd (default)", "Graphite over TCP"),
    ("threads", "1 loop", "ReadThreads 10 (default 5), WriteThreads 2 (default 5)"),
)  # fmt: skip
META = len(METRICS) + 2
"""Samples of a run that are not registers: `up` and its like, requests, invalid fields."""


def run(seconds: float = 20.0) -> None:
    """Print all tables."""
    with TemporaryDirectory() as name, _server(Path(name)) as server:
        _maps()
        asyncio.run(_engines(server))
        report.settings(SETTINGS, "collectd 5.12")
        rows = [
            row
            for number, keeping in enumerate((config.MEMORY, config.DISK, config.EQUAL))
            for row in _polls(Path(name) / f"polls-{number}", server, keeping, seconds)
        ]
        report.table(
            f"{DEVICES} devices at 1 s, {REGISTERS} holding registers each, by what was stored",
            ("agent", "requests a poll", "polls", "CPU-s/1,000 polls", "to collectd", "MiB"),
            rows,
        )
        _gateways(Path(name), server, seconds)


def _server(folder: Path) -> ModbusServer:
    return ModbusServer(folder / "modbus", CONTENT, address="0.0.0.0")  # noqa: S104 (all of 127/8 is wanted)


def _map(registers: Sequence[int]) -> ModbusConfig:
    return ModbusConfig.model_validate({"registers": [{"address": n} for n in registers]})


def _maps() -> None:
    scattered = [n * 7 for n in range(83)]
    blocks = [block * 50 + n for block in range(20) for n in range(4)]
    rows = [
        [name, len(places), len(plan(_map(places).map.fields, ReadLimits(bridge=bridge)))]
        for name, places, bridge in (
            ("83 scattered registers, 7 apart", scattered, 16),
            ("20 blocks of 4, 50 apart", blocks, 16),
            ("the same, bridging 46", blocks, 46),
        )
    ]
    report.table("Requests for a map", ("map", "one a field", "planned"), rows)


async def _engines(server: ModbusServer, turns: int = 500, rounds: int = 9) -> None:
    """Both engines in turn, many times: what the machine does meanwhile meets both."""
    rows: list[list[object]] = []
    for fields in (10, REGISTERS, 125):
        pairs = [
            [await _cost(server, engine, fields, turns) * 1e6 for engine in ("auto", "pymodbus")]
            for _ in range(rounds)
        ]
        ratios = sorted(own / library for own, library in pairs)
        medians = [statistics.median(costs) for costs in zip(*pairs, strict=True)]
        rows.append([
            fields, *medians, statistics.median(ratios), ratios[0], ratios[-1], fields / medians[0] * 1e6,
        ])  # fmt: skip
    head = (
        "registers", "own CPU us/read", "pymodbus CPU us/read", "own / pymodbus", "least", "most",
        "own fields/s/core",
    )  # fmt: skip
    report.table(f"One read with its decoding, plugin alone, medians of {rounds}", head, rows)


async def _cost(server: ModbusServer, engine: str, fields: int, turns: int) -> float:
    """CPU seconds a turn of one request."""
    registers = [{"address": n} for n in range(fields)]
    plugin = Modbus(ModbusConfig.model_validate({"registers": registers, "engine": engine}))
    context = make_context()
    session = await plugin.open(ModbusDevice(host=server.host, port=server.port))
    for _ in range(100):
        await session.collect(context)
    start = time.process_time()
    for _ in range(turns):
        await session.collect(context)
    spent = time.process_time() - start
    await session.close()
    await plugin.stop()
    return spent / turns


def _fields(server: ModbusServer, host: str, registers: int, **more: Any) -> dict[str, Any]:
    fields = [{"address": n} for n in range(registers)]
    return {"host": host, "port": server.port, "registers": fields, **more}


def _polls(
    folder: Path, server: ModbusServer, keeping: config.Keeping, seconds: float
) -> list[list[object]]:
    folder.mkdir()
    hosts = [f"127.0.3.{n}" for n in range(1, DEVICES + 1)]
    graphite = free_port()
    flags = [f"-graphiteListenAddr=127.0.0.1:{graphite}"]
    with (
        VictoriaMetrics(folder / "vm") as victoria,
        VictoriaMetrics(folder / "vm-collectd", flags=flags) as sink,
        Collectd(
            folder / "collectd", hosts, server.port, registers=REGISTERS, graphite=graphite
        ) as peer,
    ):
        fields = _fields(server, "127.0.3.{n}", REGISTERS)
        file = config.agent(
            folder,
            write_url=victoria.write_url,
            listen=f"127.0.0.1:{free_port()}",
            tasks=config.tasks(DEVICES, "modbus", "1s", fields),
            buffer=keeping.buffer,
        )

        def arrived() -> tuple[float, float]:
            """Polls."""
            theirs = meter.stored(sink, "graphite") / REGISTERS
            return meter.stored(victoria) / (REGISTERS + META), theirs

        with meter.sentinel(folder, file) as us:
            wait_until(lambda: all(arrived()), timeout=120)
            meter.window(5.0, (us.pid,))
            before = arrived()
            spent = meter.window(seconds, (us.pid,), (peer.pid,))
            polls = [new - old for new, old in zip(arrived(), before, strict=True)]
            memory = meter.resident_mib(us.pid), meter.resident_mib(peer.pid)
    cost = [each.cpu / count * 1000 for each, count in zip(spent, polls, strict=True)]
    return [
        [f"ours, {keeping.name}", 1, polls[0], cost[0], cost[0] / cost[1], memory[0]],
        ["collectd 5.12, same window", REGISTERS, polls[1], cost[1], 1.0, memory[1]],
    ]


def _gateways(folder: Path, server: ModbusServer, seconds: float) -> None:
    folder = folder / "gateways"
    folder.mkdir()
    listen = f"127.0.0.1:{free_port()}"
    tasks = [
        {
            **config.tasks(
                1, "modbus", "1s", _fields(server, f"127.0.4.{gateway + 1}", 20, unit_id=unit)
            )[0],
            "id": f"modbus-{gateway}-{unit}",
            "device_id": f"device-{gateway}-{unit}",
        }
        for gateway in range(GATEWAYS)
        for unit in range(1, UNITS + 1)
    ]
    with VictoriaMetrics(folder / "vm") as victoria:
        file = config.agent(folder, write_url=victoria.write_url, listen=listen, tasks=tasks)
        with meter.sentinel(folder, file) as us:
            wait_until(lambda: meter.stored(victoria) > 0, timeout=120)
            meter.window(5.0, (us.pid,))
            before, late = meter.stored(victoria), _lateness(listen)
            (spent,) = meter.window(seconds, (us.pid,))
            polls = (meter.stored(victoria) - before) / (20 + META)
            after = _lateness(listen)
            memory = meter.resident_mib(us.pid)
    counts = {bound: after[bound] - late.get(bound, 0.0) for bound in after}
    report.table(
        f"{GATEWAYS * UNITS} devices behind {GATEWAYS} gateways at 1 s, 20 registers each",
        ("polls", "of", "late p50 ms", "late p99 ms", "CPU share", "CPU us/poll", "MiB"),
        [
            [
                polls, GATEWAYS * UNITS * seconds, _quantile(counts, 0.5) * 1000,
                _quantile(counts, 0.99) * 1000, spent.share, spent.cpu / polls * 1e6, memory,
            ]
        ],
    )  # fmt: skip


def _lateness(listen: str) -> dict[float, float]:
    """Runs by lateness: upper bound in seconds -> how many were no later."""
    page = requests.get(f"http://{listen}/metrics", timeout=5).text
    return {
        float(sample.labels["le"]): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == "sentinel_task_lateness_seconds_bucket"
    }


def _quantile(counts: dict[float, float], share: float) -> float:
    total = max(counts.values())
    return next(bound for bound in sorted(counts) if counts[bound] >= share * total)
