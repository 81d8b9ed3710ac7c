"""The lines of an export: JSON that reads back as what was stored, whatever the values and names are."""

from __future__ import annotations

import asyncio
import json
import math
from array import array

import pytest

from orbital_buffer.buffer import disk_buffer
from orbital_buffer.inspection.reports.export import Export
from orbital_buffer.inspection.reports.inspect import Inspector, describe
from orbital_buffer.inspection.sources.directory import Directory
from orbital_runtime.clock import ManualClock
from orbital_runtime_testing.buffer.tools import UNLIMITED, take
from orbital_sdk import STALE_BYTES, Batch, Identity, Layout, Origin, Row

WHO = Identity("s-1", "Süd", "eu", {"site": "b"})
NAMES = Layout(
    Origin("t", "ping", "d", "10.0.0.1", WHO),
    [Row("a", {"quote": 'x"y\\z'}), Row("b", {"näme": "ü\n"}, "counter", "bytes"), Row("c", {})],
)
STALE = array("d", STALE_BYTES * 3)


@pytest.fixture
async def folder(tmp_path):
    """Three batches: odd values, own times, the end of the series; `a` has the first already."""
    buffer = disk_buffer(tmp_path / "b", UNLIMITED, ManualClock())
    await buffer.open()
    buffer.attach("a")
    buffer.attach("b")
    await buffer.append([Batch(NAMES, 1000, array("d", [math.nan, math.inf, -math.inf]))])
    await buffer.acknowledge(await take(buffer, "a"))
    own = array("q", [1500, 2500, 3500])
    await buffer.append([Batch(NAMES, 2000, array("d", [0.1, -0.0, 1e300]), own)])
    await buffer.append([Batch(NAMES, 3000, STALE, None, stale=True)])
    await buffer.close()
    return tmp_path / "b"


def lines(folder, *arguments, **wanted):
    with Directory(folder, UNLIMITED) as directory:
        found = b"".join(Export(directory, *arguments, **wanted).lines())
    return [json.loads(line) for line in found.splitlines()]


async def test_odd_values_and_names(folder):
    """NaN and infinities as strings, own times, labels with quotes and umlauts, stale ones marked."""
    found = lines(folder)
    assert [line["value"] for line in found[:6]] == ["NaN", "+Inf", "-Inf", 0.1, -0.0, 1e300]
    assert [line["timestamp_ms"] for line in found] == [1000] * 3 + [1500, 2500, 3500] + [3000] * 3
    assert [line.get("stale", False) for line in found] == [False] * 6 + [True] * 3
    assert found[0]["labels"] == {"quote": 'x"y\\z'}
    assert found[1]["labels"] == {"näme": "ü\n"}
    assert (found[1]["kind"], found[1]["unit"], found[1]["name"]) == ("counter", "bytes", "b")
    assert (found[1]["sentinel_name"], found[1]["sentinel_labels"]) == ("Süd", {"site": "b"})
    assert [line["waits_for"] for line in found[::3]] == [["b"], ["a", "b"], ["a", "b"]]


async def test_only_what_is_asked_for(folder):
    """By output, by the time of each sample, and no more lines than wanted."""
    assert len(lines(folder, "a")) == 6
    assert [x["timestamp_ms"] for x in lines(folder, since=1500, until=3000)] == [1500, 2500]
    assert len(lines(folder, limit=4)) == 4
    assert lines(folder, "c") == []


async def test_one_batch_in_full(folder):
    """`inspect --seq`: its record, whom it waits for, and every sample; what is not there is nothing."""
    with Directory(folder, UNLIMITED) as directory:
        (start, _), *_ = next(b.needs for b in directory.books().outputs if b.name == "b")
        told = describe(directory, start)
        assert [one["value"] for one in told["samples"]] == ["NaN", "+Inf", "-Inf"]
        assert (told["task"], told["device"], told["waits_for"]) == ("t", "d", ["b"])
        assert describe(directory, start + 2)["stale"]
        assert describe(directory, start + 3) is None
        seen = Inspector(directory).run()
    assert seen.tasks == {("t", "ping"): 6}, "stale markers are not samples"
    assert (seen.series, seen.segments[0].layouts) == (3, 1)


async def test_a_page_outlives_what_is_delivered_meanwhile(opened):
    """Whoever looks at a running buffer gets all records that were there when the page was begun."""
    buffer = await opened()
    buffer.attach("a")
    for ts in range(3):
        await buffer.append([Batch(NAMES, ts, array("d", [0.0] * 3))])
    chunk = await take(buffer, "a")
    turning = asyncio.create_task(buffer.inspection.page(0))
    await asyncio.sleep(0)  # the page is begun
    await buffer.acknowledge(chunk)
    page = await turning
    assert [stored.first for stored in page.records] == [entry.seq for entry in chunk.entries]
