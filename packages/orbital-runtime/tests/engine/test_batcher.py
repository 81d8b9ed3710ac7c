"""The batcher: samples become batches; layouts, labels and limits."""

from __future__ import annotations

import pytest

from orbital_runtime.engine.batching.batcher import Batcher
from orbital_runtime.engine.batching.plan_cache import PLANS, SMALL
from orbital_runtime.engine.report import METRICS, Report
from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime.processor.chain import Chain
from orbital_sdk import Columns, Identity, Metric, Origin, Processor, ProcessorConfig, Row, Sample

ORIGIN = Origin("task-1", "fake", "device-1", "10.0.0.1", Identity("s1", "edge"))
REPORT = Report(up=1.0, duration=0.25, scraped=2.0, timeout=5.0)
NOW = 1_700_000_000_000
OURS = len(METRICS)
"""Rows of the report, which come first."""

OCTETS = Metric("if_in_octets_total", "In", kind="counter", unit="bytes", labels=("port",))
TEMPERATURE = Metric("temperature_celsius", "Heat")


def make_batches(batcher, samples, ts=NOW, report=REPORT):
    return batcher.make(samples, report, ts)


def rows(batch):
    return {(row.name, dict(row.labels).get("port", "")): v for row, _, v in batch.items()}


def test_a_collection_becomes_one_batch():
    """Samples in their order, the task's report with them, one time for all."""
    (batch,) = make_batches(
        Batcher(ORIGIN), [OCTETS(7, "1"), OCTETS(9, "2"), TEMPERATURE(21.5)]
    ).batches
    assert batch.ts == NOW
    assert batch.times is None
    assert batch.layout.origin is ORIGIN
    assert rows(batch) == {
        ("up", ""): 1.0,
        ("scrape_duration_seconds", ""): 0.25,
        ("scrape_samples_scraped", ""): 2.0,
        ("scrape_timeout_seconds", ""): 5.0,
        ("scrape_samples_post_metric_relabeling", ""): 3.0,
        ("scrape_series_added", ""): 3.0,
        ("if_in_octets_total", "1"): 7.0,
        ("if_in_octets_total", "2"): 9.0,
        ("temperature_celsius", ""): 21.5,
    }
    octets = batch.layout.rows[OURS]
    assert (octets.kind, octets.unit) == ("counter", "bytes")


def test_a_failing_run_has_its_report_too():
    """`up 0` is written when there is nothing else to write."""
    (batch,) = make_batches(Batcher(ORIGIN), [], report=Report(0.0, 5.0, 0.0, 5.0)).batches
    assert [v for _, _, v in batch.items()] == [0.0, 5.0, 0.0, 5.0, 0.0, 0.0]


def test_labels_of_somebody_elses_samples_are_honoured():
    """They win over the agent's: what was pushed keeps its `device_id`, and gets ours where it has none."""
    hub = Metric("volts", labels=("device_id", "job"), honor_labels=True)
    (batch,) = make_batches(
        Batcher(ORIGIN, {"job": "task's"}), [hub(1.0, "7", "own"), hub(2.0, "", "own")]
    ).batches
    one, other = batch.layout.rows[OURS:]
    assert (dict(one.labels), one.honor_labels) == ({"device_id": "7", "job": "own"}, True)
    assert dict(other.labels) == {"device_id": "device-1", "job": "own"}


def test_the_report_tells_tasks_of_a_device_apart():
    """Two tasks on one device each have their own `up`: it carries the task."""
    (batch,) = make_batches(Batcher(ORIGIN), []).batches
    assert dict(batch.layout.rows[0].labels) == {"device_id": "device-1", "task": "task-1"}


def test_columns_are_taken_as_they_are():
    """A table gives the same batch as the samples one by one."""
    series = (OCTETS.series("1"), OCTETS.series("2"))
    (table,) = make_batches(Batcher(ORIGIN), Columns(series, [7, 9])).batches
    (samples,) = make_batches(Batcher(ORIGIN), [OCTETS(7, "1"), OCTETS(9, "2")]).batches
    assert list(table.values) == list(samples.values)
    assert [r.key for r in table.layout.rows] == [r.key for r in samples.layout.rows]


def test_equal_collections_share_one_layout():
    """The same series in the same order: not a second row, layout or label is made."""
    batcher = Batcher(ORIGIN)
    (first,) = make_batches(batcher, [OCTETS(1, "1"), OCTETS(2, "2")], NOW).batches
    (second,) = make_batches(batcher, [OCTETS(3, "1"), OCTETS(4, "2")], NOW + 10).batches
    assert second.layout is first.layout


def test_another_order_is_another_layout_of_the_same_rows():
    """A row is made once a task: a collection that lacks or swaps some reuses the others."""
    batcher = Batcher(ORIGIN)
    (first,) = make_batches(batcher, [OCTETS(1, "1"), OCTETS(2, "2")], NOW).batches
    (second,) = make_batches(batcher, [OCTETS(3, "2"), OCTETS(4, "1")], NOW + 10).batches
    assert second.layout is not first.layout
    assert set(second.layout.rows) == set(first.layout.rows)


def test_labels_merge_with_a_defined_winner():
    """A metric's own label beats the task's, the device's id beats both, an empty value is not a label."""
    batcher = Batcher(ORIGIN, {"port": "task", "site": "x", "device_id": "wrong", "none": ""})
    (batch,) = make_batches(batcher, [OCTETS(1, "own")]).batches
    expected = (("device_id", "device-1"), ("port", "own"), ("site", "x"))
    assert batch.layout.rows[OURS].labels == expected


def test_layouts_are_bounded():
    """However many different collections a task gives, a few layouts are kept, the last ones used."""
    batcher = Batcher(ORIGIN)
    stable = [OCTETS(1, "stable")]
    (first,) = make_batches(batcher, stable).batches
    for n in range(100):
        make_batches(batcher, [OCTETS(1, f"churn-{n}")], NOW + 20 * n + 10)
        (again,) = make_batches(batcher, stable, NOW + 20 * n + 20).batches
        assert again.layout is first.layout
    assert len(batcher._plans) == PLANS


def test_memory_is_bounded_with_churn():
    """A task whose series come and go for ever keeps a small multiple of what one collection has."""
    batcher = Batcher(ORIGIN)
    for run in range(300):
        samples = [OCTETS(1, f"{run}-{n}") for n in range(100)]
        assert len(make_batches(batcher, samples, NOW + run * 10).batches[0]) == OURS + 100
        assert len(batcher._rows) <= 2 * (OURS + 100) + OURS
        assert sum(map(len, batcher._plans._plans)) <= 2 * (OURS + 100) + SMALL


def test_the_series_limit_holds_over_all_collections_of_an_hour():
    """Series that ended count as well; with the next hour all are new, and those alive have not ended."""
    batcher = Batcher(ORIGIN, limits=RunLimits(series=10))
    living = [OCTETS(1, f"living {n}") for n in range(4)]
    for run in range(60):
        result = make_batches(
            batcher, [*living, *[OCTETS(1, f"{run}-{n}") for n in range(3)]], NOW + run * 60_000
        )
        room = max(0, min(3, 10 - 4 - 3 * run))
        assert len(result.batches[0]) == OURS + 4 + room
        assert result.refused == ({"series_limit": 3 - room} if room < 3 else {})
        assert ("label 'port' of if_in_octets_total" in result.too_many) == (room < 3)
        assert batcher.series == min(10, 4 + 3 * (run + 1))
    result = make_batches(batcher, [*living, OCTETS(1, "fresh")], NOW + 3_600_000)
    assert len(result.batches[0]) == OURS + 5
    assert (result.stale, result.too_many, batcher.series) == (None, "", 5)


def test_the_label_that_grows_is_named():
    """Among labels that are told apart by nothing else: the one whose values nobody had before."""
    port = Metric("port_octets", labels=("port", "session", "vlan"))
    batcher = Batcher(ORIGIN, limits=RunLimits(series=90))
    for run in range(60):
        samples = [
            port(1, f"port-{n}", f"s-{run}" if n == run % 50 else "", "7") for n in range(50)
        ]
        result = make_batches(batcher, samples, NOW + run * 10)
    assert result.too_many.endswith("what grows is the label 'session' of port_octets")
    for run in range(200):
        result = make_batches(batcher, [Metric(f"metric_{run}", labels=())(1)], NOW + run * 10)
    assert result.too_many.endswith("what grows is the label 'session' of port_octets"), (
        "of this hour"
    )


def test_a_reload_does_not_begin_a_new_hour():
    """Another batcher of the same task goes on with the series that were given already."""
    first = Batcher(ORIGIN, limits=RunLimits(series=10))
    make_batches(first, [OCTETS(1, str(n)) for n in range(8)], NOW)
    second = Batcher(ORIGIN, limits=RunLimits(series=10))
    second.inherit(first)
    result = make_batches(second, [OCTETS(1, str(n)) for n in range(8, 16)], NOW + 10)
    assert (second.series, result.refused) == (10, {"series_limit": 6})


def test_the_series_limit_holds_within_a_collection_and_is_counted_each_time():
    """Above the limit the first ones are kept, the report too; the others are counted, run by run."""
    batcher = Batcher(ORIGIN, limits=RunLimits(series=10))
    for run in range(3):
        result = make_batches(batcher, [OCTETS(1, str(n)) for n in range(25)], NOW + run * 10)
        assert len(result.batches[0]) == OURS + 10
        assert result.refused == {"series_limit": 15}
        assert result.stale is None


def test_duplicates_are_found_by_what_they_are():
    """The same series twice in one collection, through one handle or two equal ones: the first is kept."""
    twin = Metric("if_in_octets_total", "In", kind="counter", unit="bytes", labels=("port",))
    result = make_batches(
        Batcher(ORIGIN), [OCTETS(1, "1"), OCTETS(2, "1"), twin(3, "1"), twin(4, "2")]
    )
    assert rows(result.batches[0])["if_in_octets_total", "1"] == 1
    assert rows(result.batches[0])["if_in_octets_total", "2"] == 4
    assert result.refused == {"duplicate": 2}


def test_a_plugins_own_up_does_not_replace_ours():
    """A plugin that reads other agents' metrics meets an `up` with the same labels: ours stays."""
    up = Metric("up", labels=("task",))
    result = make_batches(Batcher(ORIGIN), [up(0, "task-1")])
    assert rows(result.batches[0])["up", ""] == 1.0
    assert result.refused == {"duplicate": 1}


class Rename(Processor[ProcessorConfig]):
    """Drops port 2 and renames the rest."""

    name = "rename"
    calls = 0

    def plan(self, layout):
        type(self).calls += 1
        return [
            None
            if ("port", "2") in row.labels
            else Row(f"site_{row.name}", dict(row.labels), row.kind, row.unit)
            for row in layout.rows
        ]


def test_processors_plan_once_a_layout():
    """What they drop is counted each time, stays dropped, and is not a sample of the run."""
    Rename.calls = 0
    chain = Chain([Rename(ProcessorConfig())])
    batcher = Batcher(ORIGIN, chain=chain)
    for run in range(5):
        samples = [OCTETS(run, "1"), OCTETS(run, "2"), OCTETS(10 + run, "3")]
        result = make_batches(batcher, samples, NOW + run * 10)
        assert list(result.batches[0].values)[OURS:] == [run, 10 + run]
        assert result.batches[0].layout.rows[OURS].name == "site_if_in_octets_total"
        assert (result.samples, result.refused) == (2, {})
        assert result.stale is None
    assert Rename.calls == 1
    assert chain.totals.dropped == {"rename": 5}


def test_renamed_series_that_become_one_are_duplicates():
    """Two series that a processor makes equal cannot both be kept."""

    class Merge(Processor[ProcessorConfig]):
        name = "merge"

        def plan(self, layout):
            return [
                Row(row.name, {k: v for k, v in row.labels if k != "port"}, row.kind)
                for row in layout.rows
            ]

    result = make_batches(
        Batcher(ORIGIN, chain=Chain([Merge(ProcessorConfig())])), [OCTETS(1, "1"), OCTETS(2, "2")]
    )
    assert result.refused == {"duplicate": 1}
    assert list(result.batches[0].values)[OURS:] == [1]


def test_everything_may_be_dropped():
    """A processor that drops all, report included, leaves no batch and breaks nothing."""

    class Nothing(Processor[ProcessorConfig]):
        name = "nothing"

        def plan(self, layout):
            return None

    chain = Chain([Nothing(ProcessorConfig())])
    batcher = Batcher(ORIGIN, chain=chain)
    for run in range(2):
        result = make_batches(batcher, [OCTETS(1, "1")], NOW + run)
        assert result.batches == []
        assert (result.samples, result.stale) == (0, None)
    assert chain.totals.dropped == {"nothing": 2 * (OURS + 1)}


@pytest.mark.parametrize("step", [-1, -999])
def test_a_small_step_of_the_clock_is_ridden_out(step):
    """NTP sets the clock back a little: times go on upwards in the same layout, a millisecond each."""
    batcher = Batcher(ORIGIN)
    (first,) = make_batches(batcher, [OCTETS(1, "1")], NOW).batches
    (second,) = make_batches(batcher, [OCTETS(2, "1")], NOW + step).batches
    (third,) = make_batches(batcher, [OCTETS(3, "1")], NOW + 10).batches
    assert [first.ts, second.ts, third.ts] == [NOW, NOW + 1, NOW + 10]
    assert second.layout is first.layout


def test_a_large_step_of_the_clock_begins_new_layouts():
    """An hour back: samples carry the new time, and no layout ever sees its times go back."""
    batcher = Batcher(ORIGIN)
    (first,) = make_batches(batcher, [OCTETS(1, "1")], NOW).batches
    result = make_batches(batcher, [OCTETS(2, "1")], NOW - 3_600_000)
    (second,) = result.batches
    assert second.ts == NOW - 3_600_000
    assert second.layout is not first.layout
    assert result.stale is None, "the series goes on"


def test_a_step_forward_is_taken_as_it_is():
    """There is nothing to ride out: the next sample just has a later time."""
    batcher = Batcher(ORIGIN)
    make_batches(batcher, [OCTETS(1, "1")], NOW)
    assert (
        make_batches(batcher, [OCTETS(2, "1")], NOW + 86_400_000).batches[0].ts == NOW + 86_400_000
    )


def test_sixty_thousand_series_fit():
    """A whole chassis: nothing is lost and the second collection meets the same layout."""
    batcher = Batcher(ORIGIN, limits=RunLimits(series=60_000))
    samples = [Sample(OCTETS.series(str(n)), float(n)) for n in range(60_000)]
    (first,) = make_batches(batcher, samples, NOW).batches
    (second,) = make_batches(batcher, samples, NOW + 10).batches
    assert len(first) == OURS + 60_000
    assert second.layout is first.layout
