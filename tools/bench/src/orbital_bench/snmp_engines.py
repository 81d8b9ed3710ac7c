"""SNMP engines side by side: CPU of a poll of ten scalars, and of a walked row."""

from __future__ import annotations

import asyncio
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from orbital_bench import report
from orbital_bench.snmp_peers import COLUMNS
from orbital_plugin_snmp import oids
from orbital_plugin_snmp.config import SessionConfig
from orbital_plugin_snmp.device import SnmpDevice
from orbital_plugin_snmp.session.pool import Pool
from orbital_testbench.snmpd import PASSWORDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orbital_testbench.snmpd import Snmpd

SCALARS = [f"1.3.6.1.2.1.1.{n}.0" for n in range(1, 7)] + [
    "1.3.6.1.2.1.2.1.0", "1.3.6.1.2.1.2.2.1.8.1", "1.3.6.1.2.1.2.2.1.10.1", "1.3.6.1.2.1.31.1.1.1.6.1",
]  # fmt: skip
TOGETHER = 50
V2C: dict[str, Any] = {"version": "2c"}
V3: dict[str, Any] = {
    "version": "3", "username": "sha-256-aes", "auth_protocol": "SHA256", "auth_password": PASSWORDS[0],
    "priv_protocol": "AES", "priv_password": PASSWORDS[1],
}  # fmt: skip


class Engine(NamedTuple):
    """One to measure."""

    name: str
    engine: str
    fields: dict[str, Any]
    polls: int
    walks: int


ENGINES = (
    Engine("ours, v2c", "fast", V2C, 10_000, 400),
    Engine("ours, v1", "fast", {"version": "1"}, 10_000, 40),
    Engine("ours, v3 SHA-256 AES", "fast", V3, 5_000, 400),
    Engine("pysnmp, v2c", "pysnmp", V2C, 400, 10),
    Engine("pysnmp, v3 SHA-256 AES", "pysnmp", V3, 200, 10),
)


def run(server: Snmpd, rows: int) -> None:
    """Print CPU microseconds, and ratios to ours by v2c."""
    found = [(one.name, *asyncio.run(_measure(one, server))) for one in ENGINES]
    found += _gufo(server)
    first = found[0]
    lines = [[name, poll, row, poll / first[1], row / first[2]] for name, poll, row in found]
    head = ("engine", "poll of 10 us CPU", "walked row us CPU", "poll / ours", "row / ours")
    report.table(f"SNMP engines, {TOGETHER} requests at once, {rows} rows a column", head, lines)


async def _measure(engine: Engine, server: Snmpd) -> tuple[float, float]:
    pool = Pool(SessionConfig.model_validate({"engine": engine.engine, "timeout": 10}))
    device = SnmpDevice.model_validate({"host": "127.0.0.1", "port": server.port} | engine.fields)
    wanted = [oids.encode(name) for name in SCALARS]
    columns = [oids.encode(oid) for oid, _ in COLUMNS.values()]
    session = pool.shared(device)
    rows = sum(map(len, (await session.walk(columns, time.monotonic() + 30)).columns.values()))

    async def poll() -> None:
        ready = await session.session(time.monotonic() + 30)
        await ready.get(wanted, time.monotonic() + 30)

    async def walk() -> None:
        await session.walk(columns, time.monotonic() + 30)

    try:
        polled = await _together(poll, engine.polls, TOGETHER)
        walked = await _together(walk, engine.walks, 1)
        return polled, walked / rows
    finally:
        await pool.close()


async def _together(work: Callable[[], Awaitable[None]], count: int, at_once: int) -> float:
    """CPU microseconds of one, after a few that are not counted."""

    async def some(number: int) -> None:
        for _ in range(number):
            await work()

    await some(5)
    start = time.process_time()
    await asyncio.gather(*(some(count // at_once) for _ in range(at_once)))
    return (time.process_time() - start) / count * 1e6


def _gufo(server: Snmpd) -> list[tuple[str, float, float]]:
    """gufo-snmp, a codec in Rust, where somebody installed it."""
    try:
        make = import_module("gufo.snmp.aio").SnmpSession
    except ImportError:
        return []
    return [("gufo-snmp, v2c", *asyncio.run(_measure_gufo(make, server)))]


async def _measure_gufo(make: Any, server: Snmpd) -> tuple[float, float]:
    sessions = [
        make("127.0.0.1", port=server.port, community="public", timeout=10) for _ in range(TOGETHER)
    ]
    idle = list(sessions)
    rows = 0

    async def poll() -> None:
        one = idle.pop()
        await one.get_many(SCALARS)
        idle.append(one)

    async def walk() -> None:
        nonlocal rows
        rows = 0
        for oid, _ in COLUMNS.values():
            async for _ in sessions[0].getbulk(oid, max_repetitions=25):
                rows += 1

    polled = await _together(poll, 10_000, TOGETHER)
    walked = await _together(walk, 200, 1)
    return polled, walked / rows
