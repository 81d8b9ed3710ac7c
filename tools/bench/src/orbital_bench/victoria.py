"""VictoriaMetrics: which of the formats that it takes is cheapest to produce, and what each sends.

The same samples in each format, compressed as usual with it, posted over one kept connection; the server's
share is measured beside ours. vmagent's price for passing on the same samples is in `remote_write`.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import cramjam
import requests

from orbital_bench import formats, meter, report
from orbital_bench.workload import SAMPLES, batches, layouts, stored
from orbital_sdk import Attempt
from orbital_sdk.testing import FakeHost
from orbital_sentinel.process import heap
from orbital_testbench import VictoriaMetrics, wait_until
from orbital_writer_victoria import VictoriaConfig
from orbital_writer_victoria import VictoriaMetrics as Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_sdk import Batch

    Write = Callable[[Sequence[Batch]], int]

SETTINGS = (
    ("process", "alone: the encoder, or our writer; no agent, no buffer", "a fresh one for each format"),
    ("samples a request", f"{SAMPLES:,}: 25 devices of 241 series", ""),
    ("compression", "zstd 1, snappy, or gzip 1, as the row says", "reads what comes"),
    ("connection", "one, kept; the next request after the answer to the last", ""),
    ("memory", "the heap as the agent sets it (heap.keep)", "-memory.allowedBytes=256MB (default 60 %)"),
    ("flags", "", "-retentionPeriod=100y, -search.disableCache, -search.latencyOffset=0s"),
)  # fmt: skip


def run(turns: int = 200) -> None:
    """Print CPU and bytes a sample of each format."""
    report.settings(SETTINGS, "victoria-metrics 1.112")
    heap.keep()
    rows: list[list[Any]] = []
    with TemporaryDirectory() as name:
        for number, (what, make) in enumerate(_WRITERS.items()):
            with VictoriaMetrics(Path(name) / str(number)) as server:
                rows.append([what, *_measured(make(server.url), server, turns)])
    first = rows[0][2]
    report.table(
        "VictoriaMetrics, what a sample costs by format",
        (
            "format",
            "samples/s/core",
            "CPU us/sample",
            "bytes on the wire/sample",
            "server CPU us/sample",
            "to the first",
        ),
        [[*row, row[2] / first] for row in rows],
    )


def _measured(write: Write, server: VictoriaMetrics, turns: int) -> tuple[float, ...]:
    devices = layouts()
    prepared = [batches(devices, turn) for turn in range(turns + 20)]
    for each in prepared[turns:]:
        write(each)
    there, start, sent = meter.cpu_seconds(server.pid), time.process_time(), 0
    for each in prepared[:turns]:
        sent += write(each)
    spent = time.process_time() - start
    samples = turns * SAMPLES
    wait_until(lambda: _stored(server) >= samples, timeout=60, every=1, what="all samples")
    theirs = meter.cpu_seconds(server.pid) - there
    return samples / spent, spent / samples * 1e6, sent / samples, theirs / samples * 1e6


def _stored(server: VictoriaMetrics) -> float:
    answer = server.query('sum(count_over_time({__name__=~"bench_.*"}[3h]))')
    return answer[0].value if answer else 0.0


def _remote_write(compression: str) -> Callable[[str], Write]:
    def make(url: str) -> Write:
        writer = Writer(VictoriaConfig.model_validate({"url": url, "compression": compression}))
        asyncio.run(writer.start(FakeHost()))
        return lambda request: stored(writer.write(request, Attempt()))

    return make


def _import(
    path: str, encode: Callable[[Sequence[Batch]], bytes], *, gzip: bool = False
) -> Callable[[str], Write]:
    """The import pages of 1.112 read gzip; zstd they answer with 204, and store nothing."""

    def make(url: str) -> Write:
        session = requests.Session()
        session.trust_env = False

        def write(request: Sequence[Batch]) -> int:
            body, headers = encode(request), {}
            if gzip:
                body, headers = bytes(cramjam.gzip.compress(body, 1)), {"Content-Encoding": "gzip"}
            session.post(url + path, data=body, headers=headers, timeout=30).raise_for_status()
            return len(body)

        return write

    return make


_WRITERS = {
    "remote write, zstd": _remote_write("zstd"),
    "remote write, snappy": _remote_write("snappy"),
    "text import, gzip": _import("/api/v1/import/prometheus", formats.text, gzip=True),
    "text import, plain": _import("/api/v1/import/prometheus", formats.text),
    "JSON lines, gzip": _import("/api/v1/import", formats.json_lines, gzip=True),
    "JSON lines, plain": _import("/api/v1/import", formats.json_lines),
}
