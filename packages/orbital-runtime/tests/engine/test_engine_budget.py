"""Limits of series that tasks share."""

from __future__ import annotations

import pytest

from orbital_cardinality import SeriesLimits
from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime_testing.engine import Fake, Rig
from orbital_runtime_testing.runs import make_task


@pytest.fixture
def make_rig():
    """Engines whose plugin gives a value for each of its labels."""
    rigs = []

    def make(**settings):
        rig = Rig(Fake(), **settings)
        rig.labels = []

        async def collect(device, ctx):
            return [rig.plugin.value(1.0, label) for label in rig.labels]

        rig.plugin.collect = collect
        rigs.append(rig)
        return rig

    yield make
    for rig in rigs:
        rig.pool.shutdown()


async def test_a_new_series_beyond_a_shared_limit_is_left_out(make_rig):
    """The run says why, the reason has a name of its own, and known series go on."""
    rig = make_rig(limits=RunLimits(shared=SeriesLimits(device=2)))
    rig.labels = ["a", "b"]
    assert (await rig.run()).error == ""
    rig.labels = ["c", "a", "b"]
    run = await rig.run()
    assert (run.samples, run.error_kind) == (2, "TooManySeries")
    assert "1 sample was left out: device " in run.error
    assert "(collector.limits.series_per_device)" in run.error
    assert rig.engine.totals.refused == {"device_series_limit": 1}


async def test_a_task_that_goes_makes_room(make_rig):
    rig = make_rig()
    rig.labels = ["a", "b"]
    await rig.run()
    assert rig.engine.budget.total == 2
    await rig.engine.forget(make_task())
    assert (rig.engine.budget.total, rig.engine.budget.holders) == (0, set())


async def test_a_reload_with_a_smaller_budget_keeps_what_is_there(make_rig):
    """And refuses what is new, until something ended."""
    rig = make_rig()
    rig.labels = ["a", "b"]
    await rig.run()
    limits = RunLimits(shared=SeriesLimits(agent=1))
    rig.engine.reconfigure(identity=rig.engine.identity, processors=[], limits=limits)
    rig.labels = ["a", "b", "c"]
    run = await rig.run()
    assert run.samples == 2
    assert rig.engine.totals.refused == {"agent_series_limit": 1}
    assert rig.engine.budget.total == 2
