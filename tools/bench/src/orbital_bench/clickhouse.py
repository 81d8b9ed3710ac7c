"""ClickHouse: rows a second a core by protocol and client, bytes a row, and rows after a thousand retries.

The engine is the real one behind the bench's own servers, so what it costs there says little; what our
side costs is ours. Set CLICKHOUSE_DSN to measure before a full server.
"""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import clickhouse_connect
import clickhouse_driver  # pyright: ignore[reportMissingTypeStubs] (untyped)

from orbital_bench import report
from orbital_bench.workload import SAMPLES, batches, layouts, stored
from orbital_sdk import Attempt, WriterUnavailable
from orbital_sdk.testing import FakeHost
from orbital_sentinel.process import heap
from orbital_testbench import ClickHouse, Relay
from orbital_writer_clickhouse import ClickHouse as Writer
from orbital_writer_clickhouse import ClickHouseConfig
from orbital_writer_clickhouse.block import Blocks
from orbital_writer_clickhouse.schema import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_sdk import Batch

    Write = Callable[[Sequence[Batch], str], int]

CHOSEN = ("sentinel", "region", "labels", "task")


def run(turns: int = 100, retries: int = 1000) -> None:
    """Print both tables."""
    heap.keep()
    report.settings(
        [
            ("rows an insert", f"{SAMPLES:,}", f"{SAMPLES:,}"),
            ("compression", "named in each row; zstd by default", "named in each row"),
            ("insert_deduplication_token", "of each request (default)", "none"),
        ],
        "clickhouse-connect, clickhouse-driver",
    )
    with TemporaryDirectory() as name, ClickHouse(Path(name) / "clickhouse") as server:
        rows: list[list[Any]] = [["block alone, no client", *_encode(turns), ""]]
        for what, make in _writers(server).items():
            rows.append([what, *_measured(make, server, turns)])
        slowest = next(row[1] for row in rows if row[0].startswith("clickhouse-connect"))
        report.table(
            "ClickHouse, rows a second a core",
            ("client", "rows/s/core", "CPU us/row", "bytes on the wire/row", "to clickhouse-connect"),
            [[*row, row[1] / slowest] for row in rows],
        )  # fmt: skip
        report.table(
            f"{retries} inserts over connections that are cut",
            ("protocol", "cuts", "samples sent", "rows stored"),
            [
                [each, *_cut(server, retries, native=each == "native")]
                for each in ("http", "native")
            ],
        )


def _encode(turns: int) -> tuple[float, float]:
    devices = layouts()
    blocks = Blocks(tables("sentinel", "metrics", {}, CHOSEN)[0])
    prepared = [batches(devices, turn) for turn in range(turns)]
    blocks.native(prepared[0])
    start = time.process_time()
    for each in prepared:
        blocks.native(each)
    spent = time.process_time() - start
    return turns * SAMPLES / spent, spent / turns / SAMPLES * 1e6


def _measured(make: Callable[[], Write], server: ClickHouse, turns: int) -> tuple[Any, ...]:
    server.query("DROP TABLE IF EXISTS metrics SYNC")
    devices = layouts()
    prepared = [batches(devices, turn) for turn in range(turns + 2)]
    write = make()
    for turn, each in enumerate(prepared[turns:]):
        write(each, f"warm-{turn}")
    start, sent = time.process_time(), 0
    for turn, each in enumerate(prepared[:turns]):
        sent += write(each, str(turn))
    spent = time.process_time() - start
    there = server.one("SELECT count() FROM metrics")
    if there != (turns + 2) * SAMPLES:
        raise RuntimeError(f"{there} rows of {(turns + 2) * SAMPLES}")
    samples = turns * SAMPLES
    return samples / spent, spent / samples * 1e6, sent / samples or ""


def _ours(dsn: str, **settings: Any) -> Writer:
    writer = Writer(ClickHouseConfig.model_validate({"dsn": dsn, **settings}))
    asyncio.run(writer.start(FakeHost()))
    return writer


def _writers(server: ClickHouse) -> dict[str, Callable[[], Write]]:
    def ours(dsn: str, compression: str) -> Callable[[], Write]:
        def make() -> Write:
            writer = _ours(dsn, compression=compression)
            counts = "http" in dsn  # clickhouse-driver does not say what went out
            return lambda request, token: stored(writer.write(request, Attempt(1, token))) * counts

        return make

    return {
        "ours, HTTP, zstd": ours(server.dsn, "zstd"),
        "ours, HTTP, lz4": ours(server.dsn, "lz4"),
        "ours, HTTP, uncompressed": ours(server.dsn, "none"),
        "ours, native (clickhouse-driver), uncompressed": ours(server.native_dsn, "none"),
        "ours, native (clickhouse-driver), lz4": ours(server.native_dsn, "lz4"),
        "clickhouse-connect, columns, zstd": lambda: _connect(server),
        "clickhouse-driver, rows": lambda: _driver(server),
    }


NAMES = (
    "timestamp",
    "metric_name",
    "metric_value",
    "metric_type",
    "device_id",
    "labels",
    "sentinel_id",
)


def _connect(server: ClickHouse) -> Write:
    """The library's own columnar insert, lists cached as ours are."""
    _create(server)
    client: Any = clickhouse_connect.get_client(  # pyright: ignore[reportUnknownMemberType] (half typed)
        host=server.host, port=server.port, compress="zstd"
    )
    blocks = _lists()

    def write(request: Sequence[Batch], token: str) -> int:
        settings = {"insert_deduplication_token": token}
        client.insert(
            "metrics", blocks.lists(request), NAMES, column_oriented=True, settings=settings
        )
        return 0

    return write


def _driver(server: ClickHouse) -> Write:
    """The library as its first example has it: a tuple a row."""
    _create(server)
    client: Any = clickhouse_driver.Client(host=server.host, port=server.native_port)
    blocks = _lists()
    statement = f"INSERT INTO metrics ({', '.join(NAMES)}) VALUES"

    def write(request: Sequence[Batch], token: str) -> int:
        rows = list(zip(*blocks.lists(request), strict=True))
        client.execute(statement, rows, settings={"insert_deduplication_token": token})
        return 0

    return write


def _lists() -> Blocks:
    return Blocks(tables("sentinel", "metrics", {}, CHOSEN)[0], in_python=True)


def _create(server: ClickHouse) -> None:
    """Let our writer make the table."""
    stored(_ours(server.dsn).write([], Attempt()))


def _cut(server: ClickHouse, count: int, *, native: bool) -> tuple[int, int, int]:
    server.query("DROP TABLE IF EXISTS metrics SYNC")
    port = server.native_port if native else server.port
    scheme = "tcp" if native else "http"
    devices = layouts()[:1]
    chance, often = random.Random(1), 0.03 if native else 0.2  # natively more pieces pass  # noqa: S311 (no secret)
    with Relay(server.host, port) as relay:
        writer = _ours(f"{scheme}://default@127.0.0.1:{relay.port}/default")
        relay.cut = lambda _direction, _data: chance.random() < often
        sent = 0
        for turn in range(count):
            request = batches(devices, turn)
            sent += sum(len(batch) for batch in request)
            attempt = 1
            while not _wrote(writer, request, Attempt(attempt, f"log:{turn}")):
                attempt += 1
        return relay.cuts, sent, server.one("SELECT count() FROM metrics")


def _wrote(writer: Writer, request: Sequence[Batch], attempt: Attempt) -> bool:
    try:
        stored(writer.write(request, attempt))
    except WriterUnavailable:
        return False
    return True
