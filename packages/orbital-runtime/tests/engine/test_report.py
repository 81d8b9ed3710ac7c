"""The report of a run: what every task says about its collection, with Prometheus' names and meaning."""

from __future__ import annotations

import pytest

from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime_testing.engine import VALUE, Fake, Rig
from orbital_runtime_testing.runs import make_task
from orbital_sdk import (
    AuthenticationFailed,
    DeviceUnreachable,
    Metric,
    Processor,
    ProcessorConfig,
    Row,
)

KEPT = "scrape_samples_post_metric_relabeling"


class Listing(Fake):
    """Gives these samples, and fails if it has a reason to."""

    samples = ()

    async def collect(self, device, ctx):
        for sample in self.samples:
            yield sample
        if self.error is not None:
            raise self.error


@pytest.fixture
def plugin(rig):
    rig.plugin = Listing()
    return rig.plugin


async def added(rig, plugin, *samples):
    """What a run with these samples says of new series."""
    plugin.samples = samples
    await rig.run()
    return rig.take()["scrape_series_added"]


def values(names):
    return [VALUE(1, name) for name in names]


async def test_only_series_that_the_last_collection_did_not_have_are_new(rig, plugin):
    """All of the first one; then those that came, or came back, in whatever order; else none."""
    assert await added(rig, plugin, *values("ab")) == 2
    assert await added(rig, plugin, *values("ab")) == 0
    assert await added(rig, plugin, *values("cba")) == 1
    assert await added(rig, plugin, *values("c")) == 0
    assert await added(rig, plugin, *values("abcd")) == 3


async def test_a_device_that_comes_back_brings_no_new_series(rig, plugin):
    """An outage is no churn: a run without samples adds nothing, nor does the next with the old series."""
    await added(rig, plugin, *values("ab"))
    plugin.error = DeviceUnreachable("no answer")
    assert await added(rig, plugin) == 0
    plugin.error = None
    assert await added(rig, plugin, *values("abc")) == 1


async def test_equal_series_of_other_objects_are_not_new(rig, plugin):
    """A metric that forgot its handles makes new ones; and an hour later all rows are made anew."""
    await added(rig, plugin, *values("ab"))
    twin = Metric("value", labels=("of",))
    assert await added(rig, plugin, twin(1, "a"), twin(1, "b")) == 0
    rig.clock.advance(3_600)
    assert await added(rig, plugin, *values("ab")) == 0


async def test_a_reload_makes_no_series_new_and_a_label_makes_them_all(rig, plugin):
    """A changed time-out leaves the series as they are; another label of the task is in each of them."""
    await added(rig, plugin, *values("ab"))
    await rig.run(make_task(timeout=1.0))
    assert rig.take()["scrape_series_added"] == 0
    await rig.run(make_task(labels={"site": "x"}))
    assert rig.take()["scrape_series_added"] == 2


async def test_samples_with_times_of_their_own_are_counted_as_any(rig, plugin):
    """Several values of a series are samples of one series."""
    now = rig.clock.utc_ms()
    plugin.samples = [VALUE(n, "a", ts=now - n) for n in range(1, 4)] + values("b")
    for new in (2, 0):
        await rig.run()
        told = {row.name: value for row, _, value in rig.batches[0].items()}
        assert (told["scrape_samples_scraped"], told[KEPT], told["scrape_series_added"]) == (
            4,
            4,
            new,
        )
        rig.batches.clear()


class DropA(Processor[ProcessorConfig]):
    name = "drop_a"

    def plan(self, layout):
        return [
            None if ("of", "a") in row.labels else Row(f"my_{row.name}", dict(row.labels))
            for row in layout.rows
        ]


async def test_what_relabelling_and_limits_leave_is_counted():
    """Scraped is what the plugin gave; a dropped series, a duplicate, no number, and one above the limit of
    series are not left. A renamed report is not one of it either.
    """
    rig = Rig(Listing(), processors=[DropA(ProcessorConfig())], limits=RunLimits(series=2))
    rig.plugin.samples = [*values("abbcd"), VALUE(float("nan"), "e")]
    for new in (2, 0):
        run = await rig.run()
        told = rig.take()
        assert (told["my_scrape_samples_scraped"], told[f"my_{KEPT}"]) == (6, 2)
        assert told["my_scrape_series_added"] == new
        assert run.samples == 2


async def test_nothing_is_left_of_the_report_where_it_is_dropped():
    """Who does not want a metric of the report drops it as any other; the rest says what it said."""

    class NoTimeout(Processor[ProcessorConfig]):
        name = "no_timeout"

        def plan(self, layout):
            return [None if row.name == "scrape_timeout_seconds" else row for row in layout.rows]

    rig = Rig(Fake(), processors=[NoTimeout(ProcessorConfig())])
    await rig.run()
    told = rig.take()
    assert "scrape_timeout_seconds" not in told
    assert (told[KEPT], told["scrape_series_added"], told["a"], told["b"]) == (2, 2, 1, 2)


@pytest.mark.parametrize("seconds", [5, 0.25])
async def test_the_time_out_is_the_tasks_and_the_agents_at_most(rig, seconds):
    """It stands beside `scrape_duration_seconds`, as what that may become."""
    await rig.run(make_task(timeout=seconds))
    assert rig.take()["scrape_timeout_seconds"] == seconds
    short = Rig(Fake(), limits=RunLimits(max_execution_time=0.2))
    await short.run(make_task(timeout=seconds))
    assert short.take()["scrape_timeout_seconds"] == 0.2


async def test_a_run_that_fails_has_a_whole_report(rig, plugin):
    """Nothing was given, is left or is new, and the time-out is what it was; also where a paused task is
    passed over.
    """
    plugin.error = AuthenticationFailed("password refused")
    await rig.run()
    failed = rig.take()
    await rig.engine.pass_over(make_task())
    passed = rig.take()
    assert failed == passed == {
        "up": 0, "scrape_duration_seconds": 0, "scrape_samples_scraped": 0,
        "scrape_timeout_seconds": 5, KEPT: 0, "scrape_series_added": 0,
    }  # fmt: skip
