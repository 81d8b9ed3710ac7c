"""Processors in the engine: limits behind them, series that end, failures, state that outlives a reload."""

from __future__ import annotations

import asyncio
import math

from orbital_runtime.engine.batching.batcher import Batcher
from orbital_runtime.engine.report import METRICS, Report
from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime.processor.chain import Chain
from orbital_runtime_testing.engine import VALUE
from orbital_runtime_testing.runs import make_task
from orbital_sdk import PerSeries, Plan, Processor, ProcessorConfig, Row
from orbital_sdk.testing import make_batch, make_origin

HOUR = 3_600_000
OURS = len(METRICS)
"""Samples of the run's own report."""


class Keep(Processor[ProcessorConfig]):
    """Leaves out everything but the report and the series of these ports."""

    name = "keep"

    def __init__(self, *of):
        super().__init__(ProcessorConfig())
        self.of = of

    def plan(self, layout):
        return [
            row if row.name != "value" or dict(row.labels)["of"] in self.of else None
            for row in layout.rows
        ]


class Broken(Processor[ProcessorConfig]):
    """Fails to plan, or to step, as long as it is told so."""

    name = "broken"
    planning = stepping = False

    def plan(self, layout):
        if self.planning:
            raise ZeroDivisionError
        return Plan(layout.rows, self.step)

    def step(self, batch):
        return batch.values[:1] if self.stepping else batch.values


class Last:
    value = math.nan


class Change(Processor[ProcessorConfig]):
    """How much more it is than the last time."""

    name = "change"

    def __init__(self):
        super().__init__(ProcessorConfig())
        self.last = PerSeries(Last)

    def plan(self, layout):
        series = self.last.of(layout)

        def step(batch):
            before = [one.value for one in series]
            for one, value in zip(series, batch.values, strict=True):
                one.value = value
            return [now - then for now, then in zip(batch.values, before, strict=True)]

        return Plan(layout.rows, step)


def make_batches(batcher, samples, ts):
    return batcher.make(samples, Report(1.0, 0.5, len(samples), 10.0), ts)


def values(batched):
    """Label `of` (or name) -> value."""
    return {
        dict(row.labels).get("of", row.name): value
        for batch in batched.batches
        for row, _, value in batch.items()
    }


def batcher_of(*processors, **limits):
    return Batcher(make_origin(), chain=Chain(processors), limits=RunLimits(**limits))


def test_the_limit_of_series_counts_what_is_left():
    """So a filter helps against what explodes; what it leaves is limited all the same."""
    batcher = batcher_of(Keep("1", "2", "3"), series=2)
    batched = make_batches(batcher, [VALUE(n, str(n)) for n in range(100)], 0)
    assert (batched.samples, batched.refused) == (2, {"series_limit": 1})
    assert batcher.series == 2


def test_labels_that_a_processor_makes_are_cut():
    """As those of a plugin are, and two that become one by it are one."""

    class Long(Keep):
        def plan(self, layout):
            return [
                Row(row.name, {"long": "x" * 100 + dict(row.labels).get("of", "")})
                for row in layout.rows
            ]

    batched = make_batches(batcher_of(Long(), label_bytes=50), [VALUE(1, "a"), VALUE(2, "b")], 0)
    assert (batched.samples, batched.refused, batched.cut) == (1, {"duplicate": 1}, 2 + OURS)
    assert len(dict(batched.batches[0].layout.rows[OURS].labels)["long"].encode()) <= 50


def test_only_series_that_left_the_chain_end():
    """A series that a processor leaves out was never there, and a renamed one ends by its new name."""

    class Renamed(Keep):
        def plan(self, layout):
            return [row and Row(f"x_{row.name}", dict(row.labels)) for row in super().plan(layout)]

    batcher = batcher_of(Renamed("a"))
    make_batches(batcher, [VALUE(1, "a"), VALUE(2, "b")], 0)
    stale = make_batches(batcher, [], 10).stale
    assert [(row.name, dict(row.labels)["of"]) for row in stale.layout.rows] == [("x_value", "a")]


def test_series_with_times_of_their_own_pass_too():
    """Each round by its own plan; only the task's report may end, since theirs could end too early."""
    batcher = batcher_of(Keep("a"))
    samples = [VALUE(1, "a", ts=5), VALUE(2, "a", ts=6), VALUE(3, "b", ts=5), VALUE(4, "b", ts=6)]
    batched = make_batches(batcher, samples, 100)
    assert batched.samples == 2
    got = [(ts, value) for batch in batched.batches for row, ts, value in batch.items()][OURS:]
    assert got == [(5, 1), (6, 2)]
    ended = batcher.end_series(200)
    assert "value" not in {row.name for row in ended.layout.rows}
    assert len(ended) == OURS


def test_a_plan_that_fails_costs_its_batches_and_ends_nothing():
    """They are counted as lost; the next collection asks again."""
    broken = Broken(ProcessorConfig())
    batcher = batcher_of(broken)
    make_batches(batcher, [VALUE(1, "a")], 0)
    broken.planning = True
    for ts in (10, 20):
        batched = make_batches(batcher, [VALUE(1, "a"), VALUE(2, "b")], ts)
        assert (batched.batches, batched.samples, batched.stale) == ([], 0, None)
    assert batcher._chain.totals.lost == {"broken": 2 * (OURS + 2)}
    broken.planning = False
    assert values(make_batches(batcher, [VALUE(1, "a"), VALUE(2, "b")], 30))["b"] == 2


async def test_a_step_that_fails_costs_its_batch(rig):
    """The run itself succeeded, and its samples are not samples that the buffer took."""
    broken = Broken(ProcessorConfig())
    rig.engine.processing.replace([broken])
    broken.stepping = True
    run = await rig.run()
    assert (run.samples, rig.batches) == (0, [])
    broken.stepping = False
    assert (await rig.run()).samples == 2
    assert rig.engine.processing.chain.totals.lost == {"broken": OURS + 2}
    assert rig.engine.totals.samples == 2


def test_state_outlives_a_layout_and_an_hour():
    """A series that stands in another layout, or begins a new hour, goes on from its last value."""
    batcher = batcher_of(Change())
    make_batches(batcher, [VALUE(10, "a")], 0)
    assert values(make_batches(batcher, [VALUE(11, "a"), VALUE(5, "b")], 10))["a"] == 1
    assert values(make_batches(batcher, [VALUE(13, "a")], HOUR))["a"] == 2
    assert values(make_batches(batcher, [VALUE(16, "a")], 2 * HOUR))["a"] == 3


async def test_state_outlives_a_reload_of_other_parts(rig):
    """Other limits, another identity, another processor behind it: the instance stays, and what it knows."""
    change = Change()

    def reconfigure(*processors, **limits):
        rig.engine.reconfigure(
            identity=rig.engine.identity, processors=processors, limits=RunLimits(**limits)
        )

    reconfigure(change)
    await rig.run()
    rig.take()
    reconfigure(change, Keep("a"), series=5)
    await rig.run()
    assert rig.take()["a"] == 0
    assert len(change.last) == OURS + 2


async def test_state_goes_with_its_task(rig):
    """A processor that serves for years holds no more than tasks are there."""
    change = Change()
    rig.engine.processing.replace([change])
    await rig.run()
    assert len(change.last) == OURS + 2
    await rig.engine.forget(make_task())
    assert len(change.last) == 0


async def test_a_reload_counts_from_the_seal_on(rig):
    """A collection that was under way when processors changed goes through the new ones alone."""
    began, goes_on = asyncio.Event(), asyncio.Event()

    async def collect(device, ctx):
        began.set()
        await goes_on.wait()
        return [VALUE(1, "a"), VALUE(2, "b")]

    rig.plugin.collect = collect
    old = Broken(ProcessorConfig())
    old.planning = True
    rig.engine.processing.replace([old])
    run = asyncio.create_task(rig.run())
    await began.wait()
    identity, limits = rig.engine.identity, rig.engine.limits
    rig.engine.reconfigure(identity=identity, processors=[Keep("a")], limits=limits)
    goes_on.set()
    assert (await run).samples == 1
    assert rig.engine.processing.chain.totals.errors == {}


async def test_what_was_gathered_gets_into_the_buffer(rig):
    """And counts as handed over; what nobody can carry is refused by its reason."""

    class Gathers(Keep):
        def flush(self, now, *, last):
            return [make_batch([("sum", {}, 3.0), ("bad", {"x": "\ud800"}, 1.0)], ts=now)]

    rig.engine.processing.replace([Gathers()])
    await rig.engine.flush()
    assert rig.take() == {"sum": 3.0}
    assert rig.engine.totals.samples == 1
    assert rig.engine.totals.refused == {"bad_label": 1}
