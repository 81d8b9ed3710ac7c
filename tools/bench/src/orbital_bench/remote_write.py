"""Remote write: samples a second a core, encoding alone and the whole path, beside vmagent.

vmagent is given the very same samples by remote write and passes them on to the same server; it decodes
where we encode from batches, so its figure is what an agent in the middle costs, not an encoder's alone.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from pathlib import Path
from tempfile import TemporaryDirectory

from orbital_bench import meter, report
from orbital_remote_write import Encoder, LabelRules
from orbital_sdk import Attempt, Batch, Identity, Layout, Origin, Row
from orbital_sentinel import heap
from orbital_testbench import VictoriaMetrics, VmAgent, wait_until
from orbital_writer_victoria import VictoriaConfig
from orbital_writer_victoria import VictoriaMetrics as Writer

SERIES, BATCHES = 241, 25
"""Samples of one request: 6,025, near what one post carries best."""


def run(turns: int = 300) -> None:
    """Print samples a second a core."""
    heap.keep()  # as the agent does
    layouts = [_layout(device) for device in range(BATCHES)]
    encoder = Encoder(LabelRules())
    encoded = _encode(encoder, layouts, turns)
    with TemporaryDirectory() as name:
        folder = Path(name)
        with VictoriaMetrics(folder / "vm") as server:
            ours = _whole(layouts, server.write_url, turns)
            _arrived(server, turns)
        with (
            VictoriaMetrics(folder / "vm2") as server,
            VmAgent(folder / "vmagent", server.write_url) as vmagent,
        ):
            theirs = _vmagent(layouts, vmagent, server, turns)
    rows = [
        ["ours, encode", encoded, encoded / theirs],
        ["ours, encode + snappy + post + answer", ours, ours / theirs],
        ["vmagent, in by remote write and out again", theirs, 1.0],
    ]
    report.table(
        "Remote write, samples a second a core", ("what", "samples/s/core", "to vmagent"), rows
    )


def _layout(device: int) -> Layout:
    origin = Origin(
        f"task-{device}",
        "bench",
        f"device-{device}",
        f"192.0.2.{device}",
        Identity("bench", "bench"),
    )
    rows = [
        Row(
            f"bench_interface_column_{n % 10}_total",
            {
                "device_id": f"device-{device}", "ifIndex": str(n // 10), "ifName": f"eth{n // 10}",
                "ifAlias": f"uplink to rack {n // 10}", "ifDescr": f"GigabitEthernet0/{n // 10}",
            },
            "counter",
        )
        for n in range(SERIES)
    ]  # fmt: skip
    return Layout(origin, rows)


def _batches(layouts: list[Layout], turn: int) -> list[Batch]:
    now = time.time_ns() // 1_000_000 - 3_600_000 + turn * 1000
    values = array("d", [float(turn * 1000 + n) for n in range(SERIES)])
    return [Batch(layout, now, values) for layout in layouts]


def _encode(encoder: Encoder, layouts: list[Layout], turns: int) -> float:
    prepared = [_batches(layouts, turn) for turn in range(turns)]
    encoder.encode(prepared[0])
    start = time.process_time()
    for batches in prepared:
        encoder.encode(batches)
    return turns * SERIES * BATCHES / (time.process_time() - start)


def _writer(url: str) -> Writer:
    writer = Writer(VictoriaConfig.model_validate({"url": url}))
    asyncio.run(writer.start())
    return writer


def _whole(layouts: list[Layout], url: str, turns: int) -> float:
    writer = _writer(url)
    prepared = [_batches(layouts, turn) for turn in range(turns)]
    start = time.process_time()
    for batches in prepared:
        writer.write(batches, Attempt())
    return turns * SERIES * BATCHES / (time.process_time() - start)


def _vmagent(layouts: list[Layout], vmagent: VmAgent, server: VictoriaMetrics, turns: int) -> float:
    writer = _writer(vmagent.write_url)
    before = meter.cpu_seconds(vmagent.pid)
    for turn in range(turns):
        writer.write(_batches(layouts, turn), Attempt())
    _arrived(server, turns)
    return turns * SERIES * BATCHES / (meter.cpu_seconds(vmagent.pid) - before)


def _arrived(server: VictoriaMetrics, turns: int) -> None:
    """Everything is there, counted by query: a figure for lost samples would mean nothing."""
    expected = turns * SERIES * BATCHES
    wait_until(lambda: _stored(server) >= expected, timeout=60, every=1, what=f"{expected} samples")


def _stored(server: VictoriaMetrics) -> float:
    answer = server.query('sum(count_over_time({__name__=~"bench_.*"}[3h]))')
    return answer[0].value if answer else 0.0
