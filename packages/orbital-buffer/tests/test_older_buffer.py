"""A folder that the version before wrote opens unchanged: samples, counts, notes, names and dead letters."""

from __future__ import annotations

import math
import tarfile
from pathlib import Path

import pytest

from orbital_buffer.inspection.reports.verify import Verification
from orbital_buffer.inspection.sources.audit import Audit
from orbital_buffer.inspection.sources.directory import Directory
from orbital_runtime_testing.buffer.tools import SMALL, UNLIMITED, take

DATA = Path(__file__).parent / "data"
FIRST = 1_700_000_000_000
"""Milliseconds UTC of the first batch; the second start's come 100 s later."""
STARTS = {1: "d68d8e2bf7034440b70b89f28dbbd1fd", 2: "ccbee7cc8e8145d1b519b7aebce00cf2"}


@pytest.fixture(params=sorted(file.name for file in DATA.glob("buffer-*.tar.xz")))
def folder(request, tmp_path):
    """Two starts of ten appends each: a collection, one with times of its own, stale markers at the end."""
    with tarfile.open(DATA / request.param) as archive:
        archive.extractall(tmp_path / "buffer", filter="data")
    return tmp_path / "buffer"


def test_nothing_in_it_is_wrong(folder):
    """`verify` finds every record, layout, state and dead letter, and no difference."""
    with Directory(folder, UNLIMITED) as directory:
        audit = Audit(directory)
        verdict = Verification(audit, audit.damage).run()
    assert verdict.good, verdict.findings
    assert (verdict.batches, verdict.samples, verdict.layouts) == (42, 120, 2)


async def test_it_goes_on_where_the_version_before_ended(folder, opened):
    """What each output has and has not acknowledged, and what became of it."""
    buffer = await opened(folder.name, min_free=SMALL)
    accounts = buffer.ledger.accounts()
    a = accounts["a"]
    assert (a.accepted, a.delivered, a.dead_lettered, dict(a.dropped)) == (
        120,
        54,
        4,
        {"unsent": 2},
    )
    assert {name: buffer.waiting(name) for name in accounts} == {"a": 60, "b": 120, "gone": 60}
    assert set(buffer.orphans()) == {"a", "b", "gone"}
    assert buffer.noted("b") == b"note of b"
    assert {start: buffer.name(start << 32) for start in STARTS} == STARTS
    assert buffer.edge() >> 32 == 3


async def test_every_value_comes_back(folder, opened):
    """Bit for bit, with its series, its times and its stale markers."""
    buffer = await opened(folder.name, min_free=SMALL)
    chunk = await take(buffer, "b")
    batches = [entry.batch for entry in chunk.entries]
    assert len(batches) == 42
    for number, batch in enumerate(b for b in batches if b.times is None and not b.stale):
        start, n = divmod(number, 10)
        assert batch.ts == FIRST + start * 100_000 + n * 1000
        assert list(batch.values) == [n + row / 4 for row in range(3)]
        origin = batch.layout.origin
        assert (origin.task, origin.plugin, origin.device_id) == (
            f"task-{start}",
            "snmp",
            "device-1",
        )
        assert (origin.sentinel.name, dict(origin.sentinel.labels)) == ("north", {"site": "lab"})
        assert [(row.name, dict(row.labels), row.kind, row.unit) for row in batch.layout.rows] == [
            ("metric_0", {"port": "0"}, "gauge", "bytes"),
            ("metric_1", {"port": "1"}, "counter", "bytes"),
            ("metric_2", {"port": "2"}, "counter", "bytes"),
        ]
    timed = [batch for batch in batches if batch.times is not None]
    assert [list(b.times) for b in timed] == [[b.ts - 1 + row for row in range(3)] for b in timed]
    stale = [batch for batch in batches if batch.stale]
    assert len(stale) == 2
    assert all(math.isnan(value) for batch in stale for value in batch.values)


async def test_dead_letters_come_back(folder, opened):
    """With the destination's words, and as samples that can be sent again."""
    buffer = await opened(folder.name, min_free=SMALL)
    letters = await buffer.dead_letters.list()
    assert [(one.output, one.reason, one.row.name, one.value) for one in letters] == [
        ("a", "out of bounds", name, value)
        for name, value in (
            ("metric_1", 5.25),
            ("metric_0", 5.0),
            ("metric_1", 0.25),
            ("metric_0", 0.0),
        )
    ]
    buffer.attach("a")
    assert await buffer.dead_letters.replay() == 4
    assert buffer.waiting("a") == 64
