"""Series that end: removed tasks, moved targets, changed labels and other processors."""

from __future__ import annotations

from orbital_runtime.engine.batching.split import ROWS
from orbital_runtime.engine.report import METRICS
from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime_testing.runs import Device, make_task
from orbital_sdk import Processor, ProcessorConfig, Row

REPORT = {metric.name for metric in METRICS}


async def test_removed_tasks_end_their_series(rig):
    """`forget` writes the stale markers once, and drops what was remembered."""
    await rig.run()
    rig.take()
    await rig.engine.forget(make_task())
    assert rig.take() == dict.fromkeys(["a", "b", *REPORT], "stale")
    assert rig.engine.totals.stale == 2 + len(REPORT)
    await rig.engine.forget(make_task())
    assert rig.batches == []


async def test_a_large_collection_goes_on_in_parts(rig):
    """A chassis of twelve thousand series is not a request of its own, and neither is its end."""
    series = [rig.plugin.value(n, str(n)) for n in range(12_000)]

    async def collect(device, ctx):
        return series

    rig.plugin.collect = collect
    run = await rig.run()
    assert run.samples == len(series)
    assert [len(batch) for batch in rig.batches] == [
        ROWS,
        ROWS,
        len(series) + len(REPORT) - 2 * ROWS,
    ]
    rig.batches.clear()
    await rig.engine.forget(make_task())
    assert [(batch.stale, len(batch)) for batch in rig.batches] == [
        (True, ROWS), (True, ROWS), (True, len(series) + len(REPORT) - 2 * ROWS),
    ]  # fmt: skip


async def test_another_target_ends_the_old_series(rig):
    """Writers show the target: with another address the old series end, under their old origin."""
    await rig.run()
    rig.batches.clear()
    await rig.run(make_task(device=Device(host="moved.test")))
    stale, fresh = rig.batches
    assert (stale.stale, stale.layout.origin.target) == (True, "device.test")
    assert (fresh.stale, fresh.layout.origin.target) == (False, "moved.test")
    assert stale.ts < fresh.ts


async def test_a_changed_label_ends_only_what_it_changes(rig):
    """Task labels are part of every series; a changed timeout is not."""
    await rig.run(make_task(labels={"site": "x"}))
    rig.batches.clear()
    await rig.run(make_task(labels={"site": "x"}, timeout=1.0))
    assert [b.stale for b in rig.batches] == [False]
    rig.batches.clear()
    await rig.run(make_task(labels={"site": "y"}))
    fresh, stale = rig.batches
    assert (fresh.stale, stale.stale) == (False, True)
    assert {dict(r.labels)["site"] for r in stale.layout.rows} == {"x"}


class Site(Processor[ProcessorConfig]):
    name = "site"

    def plan(self, layout):
        return [
            None if row.name == "value" else Row(row.name, {**dict(row.labels), "site": "x"})
            for row in layout.rows
        ]


async def test_other_processors_count_from_the_next_run(rig):
    """A reload forgets what was worked out with the old ones, and what is dropped now has ended."""
    await rig.run()
    await rig.run()
    rig.batches.clear()
    identity = rig.engine.identity
    rig.engine.reconfigure(
        identity=identity, processors=[Site(ProcessorConfig())], limits=RunLimits()
    )
    run = await rig.run()
    fresh, stale = rig.batches
    assert run.samples == 0
    assert {row.name for row in stale.layout.rows} >= {"value", "up"}
    assert {row.name for row in fresh.layout.rows} == REPORT
    assert all(dict(row.labels)["site"] == "x" for row in fresh.layout.rows)
    assert rig.engine.processing.chain.totals.dropped == {"site": 2}
