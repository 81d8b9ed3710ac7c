"""The disk buffer: what an accepted collection costs and waits, beside the same bytes without it.

Beside it: raw `rocksdict` puts, a plain file with a CRC per record (the simpler design, see
docs/decisions/0010-disk-buffer.md), and the disk's own rate of syncs.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import time
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psutil
from rocksdict import Options, Rdict

from orbital_bench import report
from orbital_buffer.buffer import disk_buffer
from orbital_buffer.format.codec import encode
from orbital_buffer.model.limits import BufferLimits
from orbital_buffer.store.rocks.process.remote import StorageProcess
from orbital_buffer.store.rocks.rocksdb import RocksStores
from orbital_runtime.clock import SystemClock
from orbital_sdk.testing import make_batch, make_layout

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_buffer.store.rocks.port import Stores
    from orbital_sdk import Batch, Layout

SIZES = (100, 1000)
COUNT = 2000
UNLIMITED = BufferLimits(samples=None, size=None)


def run() -> None:
    """Print appends a second, latency, and bytes on disk."""
    report.settings(
        [
            ("sync", "always (default for disk)", "each append"),
            ("commit_window", "none: each append alone; in the second table one for 50", "none"),
            ("limits", "none (default 1,000,000 samples, 256MiB)", "none"),
        ],
        "file, raw rocksdict",
    )
    with TemporaryDirectory(dir=".") as name:
        folder = Path(name)
        rows = [row for size in SIZES for row in _size(folder / str(size), size)]
        head = ("batch", "what", "batches/s", "samples/s", "p50 ms", "p99 ms", "CPU us", "B/sample")
        report.table(f"Appends, each synced, {COUNT} one after the other", head, rows)
        head = ("batch", "appends at once", "batches/s", "samples/s", "p99 ms")
        shared = [asyncio.run(_shared(folder / f"s{size}", size)) for size in SIZES]
        report.table(
            "Appends that share a write, as the committer's window makes them", head, shared
        )


def _size(folder: Path, size: int) -> list[list[object]]:
    folder.mkdir()
    records = [encode([b], [0], segment=1, written=0) for b in _batches(size, COUNT)]
    rows = [
        ["", "a sync of 1 byte", *_timed(_syncs(folder / "sync"), [b"x"] * COUNT, 0), ""],
        ["", "file with CRC", *_file(folder / "file", records, size)],
        ["", "raw rocksdict", *_raw(folder / "raw", records, size)],
        [
            "",
            "disk buffer, one process",
            *asyncio.run(_buffer(folder / "one", size, RocksStores())),
        ],
        ["", "disk buffer", *asyncio.run(_buffer(folder / "two", size, StorageProcess()))],
    ]
    rows[0][0] = size
    return rows


def _batches(size: int, count: int, layout: Layout | None = None) -> list[Batch]:
    """Polls of a switch: counters that rise at their own pace."""
    dice, layout = random.Random(1), layout or make_layout(size)  # noqa: S311 (made-up values)
    pace = [dice.randrange(1, 100_000) for _ in range(size)]
    return [
        make_batch([float(step * turn) for step in pace], ts=turn * 1000, layout=layout)
        for turn in range(1, count + 1)
    ]


def _syncs(file: Path) -> Callable[[bytes], None]:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(data: bytes) -> None:
        os.write(handle, data)
        os.fdatasync(handle)

    return write


def _file(file: Path, records: list[bytes], size: int) -> list[object]:
    """One write and one sync a record, its length and CRC before it."""
    write = _syncs(file)

    def append(data: bytes) -> None:
        write(len(data).to_bytes(4, "little") + zlib.crc32(data).to_bytes(4, "little") + data)

    return [*_timed(append, records, size), file.stat().st_size / len(records) / size]


def _raw(folder: Path, records: list[bytes], size: int) -> list[object]:
    database = Rdict(str(folder), Options(raw_mode=True))
    number = iter(range(len(records)))

    def append(data: bytes) -> None:
        database[next(number).to_bytes(8, "big")] = data
        database.flush_wal(True)

    timed = _timed(append, records, size)
    held = _held(folder)
    database.close()
    return [*timed, held / len(records) / size]


def _timed(append: Callable[[bytes], None], records: list[bytes], size: int) -> list[object]:
    took: list[float] = []
    cpu, start = time.process_time(), time.perf_counter()
    for record in records:
        before = time.perf_counter()
        append(record)
        took.append(time.perf_counter() - before)
    return _figures(took, time.perf_counter() - start, time.process_time() - cpu, size)


def _figures(took: list[float], wall: float, cpu: float, size: int) -> list[object]:
    count = len(took)
    p99 = statistics.quantiles(took, n=100)[98] * 1e3
    p50 = statistics.median(took) * 1e3
    return [count / wall, count * size / wall if size else "", p50, p99, cpu / count * 1e6]


async def _buffer(folder: Path, size: int, stores: Stores) -> list[object]:
    """The CPU is that of both processes, where there are two."""
    buffer = disk_buffer(folder, UNLIMITED, SystemClock(), stores=stores)
    await buffer.open()
    buffer.attach("output")
    took: list[float] = []
    batches = _batches(size, COUNT)
    cpu, start = _cpu(), time.perf_counter()
    for batch in batches:
        before = time.perf_counter()
        await buffer.append([batch])
        took.append(time.perf_counter() - before)
    figures = _figures(took, time.perf_counter() - start, _cpu() - cpu, size)
    held = _held(folder / "db")
    await buffer.close()
    return [*figures, held / COUNT / size]


async def _shared(folder: Path, size: int, devices: int = 50) -> list[object]:
    """One record of fifty collections, like 500 polls a second with a window of 100 ms."""
    buffer = disk_buffer(folder, UNLIMITED, SystemClock(), stores=StorageProcess())
    await buffer.open()
    buffer.attach("output")
    layouts = [make_layout(size) for _ in range(devices)]
    polls = [_batches(size, 40, layout) for layout in layouts]
    took: list[float] = []
    start = time.perf_counter()
    for turn in zip(*polls, strict=True):
        before = time.perf_counter()
        await buffer.append(turn)
        took.append(time.perf_counter() - before)
    wall = time.perf_counter() - start
    await buffer.close()
    count = devices * len(took)
    return [size, devices, count / wall, count * size / wall, max(took) * 1e3]


def _cpu() -> float:
    """Seconds of this process and of its children that run."""
    times = [child.cpu_times() for child in psutil.Process().children()]
    return time.process_time() + sum(t.user + t.system for t in times)


def _held(folder: Path) -> int:
    """Bytes of what was written: tables and log, without what is only reserved."""
    return sum(f.stat().st_size for f in folder.iterdir() if f.suffix in {".sst", ".log"})
