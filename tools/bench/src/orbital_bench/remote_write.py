"""Remote write: samples a second a core, encoding alone and the whole path, beside vmagent.

vmagent is given the very same samples by remote write and passes them on to the same server; it decodes
where we encode from batches, so its figure is what an agent in the middle costs, not an encoder's alone.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from orbital_bench import meter, report
from orbital_bench.workload import SAMPLES, batches, layouts, stored
from orbital_remote_write import Encoder, LabelRules
from orbital_sdk import Attempt
from orbital_sdk.testing import FakeHost
from orbital_sentinel.process import heap
from orbital_testbench import VictoriaMetrics, VmAgent, wait_until
from orbital_writer_victoria import VictoriaConfig
from orbital_writer_victoria import VictoriaMetrics as Writer

if TYPE_CHECKING:
    from orbital_sdk import Layout


def run(turns: int = 300) -> None:
    """Print samples a second a core."""
    report.settings(
        [
            ("samples a request", f"{SAMPLES:,}", "maxRowsPerBlock 10,000 (default)"),
            ("compression", "zstd (default)", "zstd in and out (default)"),
            ("queue", "none: encoder and writer alone", "in memory while the server takes it (default)"),
        ],
        "vmagent 1.112",
    )  # fmt: skip
    heap.keep()  # as the agent does
    devices = layouts()
    encoder = Encoder(LabelRules())
    encoded = _encode(encoder, devices, turns)
    with TemporaryDirectory() as name:
        folder = Path(name)
        with VictoriaMetrics(folder / "vm") as server:
            ours = _whole(devices, server.write_url, turns)
            _arrived(server, turns)
        with (
            VictoriaMetrics(folder / "vm2") as server,
            VmAgent(folder / "vmagent", server.write_url) as vmagent,
        ):
            theirs = _vmagent(devices, vmagent, server, turns)
    rows = [
        ["ours, encode", encoded, encoded / theirs],
        ["ours, encode + zstd + post + answer", ours, ours / theirs],
        ["vmagent, in by remote write and out again", theirs, 1.0],
    ]
    report.table(
        "Remote write, samples a second a core", ("what", "samples/s/core", "to vmagent"), rows
    )


def _encode(encoder: Encoder, devices: list[Layout], turns: int) -> float:
    prepared = [batches(devices, turn) for turn in range(turns)]
    encoder.encode(prepared[0])
    start = time.process_time()
    for request in prepared:
        encoder.encode(request)
    return turns * SAMPLES / (time.process_time() - start)


def _writer(url: str) -> Writer:
    writer = Writer(VictoriaConfig.model_validate({"url": url}))
    asyncio.run(writer.start(FakeHost()))
    return writer


def _whole(devices: list[Layout], url: str, turns: int) -> float:
    writer = _writer(url)
    prepared = [batches(devices, turn) for turn in range(turns)]
    start = time.process_time()
    for request in prepared:
        stored(writer.write(request, Attempt()))
    return turns * SAMPLES / (time.process_time() - start)


def _vmagent(devices: list[Layout], vmagent: VmAgent, server: VictoriaMetrics, turns: int) -> float:
    writer = _writer(vmagent.write_url)
    before = meter.cpu_seconds(vmagent.pid)
    for turn in range(turns):
        stored(writer.write(batches(devices, turn), Attempt()))
    _arrived(server, turns)
    return turns * SAMPLES / (meter.cpu_seconds(vmagent.pid) - before)


def _arrived(server: VictoriaMetrics, turns: int) -> None:
    """Everything is there, counted by query: a figure for lost samples would mean nothing."""
    expected = turns * SAMPLES
    wait_until(lambda: _stored(server) >= expected, timeout=60, every=1, what=f"{expected} samples")


def _stored(server: VictoriaMetrics) -> float:
    answer = server.query('sum(count_over_time({__name__=~"bench_.*"}[3h]))')
    return answer[0].value if answer else 0.0
