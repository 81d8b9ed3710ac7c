"""Labels that never repeat: what a series leaves behind in every cache between plugin and destination."""

from __future__ import annotations

import gc
from collections import Counter

import pytest

from orbital_buffer.buffer import disk_buffer, memory_buffer
from orbital_buffer.model.limits import BufferLimits
from orbital_remote_write.encoder import Encoder
from orbital_remote_write.labels import LabelRules
from orbital_runtime.clock import SystemClock
from orbital_runtime.engine.batching.batcher import Batcher
from orbital_runtime.engine.report import Report
from orbital_sdk import Columns, Identity, Layout, Metric, Origin, Row, Series

SESSIONS = 50
"""New series a collection."""
LAG = 10
"""Collections that wait for the output."""
NOW = 1_700_000_000_000
UNLIMITED = BufferLimits(samples=None, size=None)
ORIGIN = Origin("task-1", "sessions", "device-1", "192.0.2.1", Identity("s1", "edge"))


@pytest.fixture(params=["memory", "disk"])
async def buffer(request, tmp_path):
    clock = SystemClock()
    if request.param == "memory":
        buffer = memory_buffer(UNLIMITED, clock)
    else:
        buffer = disk_buffer(tmp_path, UNLIMITED, clock, min_free=0)
    await buffer.open()
    buffer.attach("output")
    yield buffer
    await buffer.close()


def living():
    """What there is of series, rows and layouts in this process."""
    gc.collect()
    kinds = (Layout, Row, Series)
    return Counter(type(one).__name__ for one in gc.get_objects() if isinstance(one, kinds))


async def test_series_that_ended_are_forgotten_everywhere(buffer):
    """Fifty new series in each of 300 collections, a healthy output: what there is of them does not grow."""
    metric = Metric("session_octets_total", labels=("session",))
    batcher, encoder = Batcher(ORIGIN), Encoder(LabelRules())
    seen: list[Counter[str]] = []
    before = living()
    for turn in range(300):
        series = tuple(metric.series(f"{turn}-{n}") for n in range(SESSIONS))
        samples = Columns(series, [1.0] * SESSIONS)
        made = batcher.make(samples, Report(1, 0.1, SESSIONS, 5), NOW + 1000 * turn)
        await buffer.append([*made.batches, *([made.stale] if made.stale else [])])
        if turn % LAG == LAG - 1:
            chunk = await buffer.read("output", samples=10**6, size=1 << 30)
            encoder.encode([entry.batch for entry in chunk.entries])
            await buffer.acknowledge(chunk)
            del chunk
        del series, samples, made
        if turn in {99, 299}:
            seen.append(living() - before)
    assert seen[1]["Layout"] <= seen[0]["Layout"] + 5
    assert seen[1]["Row"] <= seen[0]["Row"] + 5 * SESSIONS
    assert seen[1]["Row"] <= 20 * SESSIONS
    assert seen[1]["Series"] <= 1000 + 20 * SESSIONS
