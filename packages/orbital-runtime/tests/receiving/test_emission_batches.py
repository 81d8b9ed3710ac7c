"""Runs: the same series make the same layouts, wherever a sender's requests begin and end."""

from __future__ import annotations

from array import array
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime.processor.chain import Chain
from orbital_runtime.receiving.emission_batcher import EmissionBatcher, EmissionBatches
from orbital_runtime.receiving.intake import Table
from orbital_runtime.receiving.ranks import RANKS
from orbital_runtime.receiving.runs import FORGET, LEAST, LONGEST, Runs
from orbital_sdk import Identity, Metric, Origin
from orbital_sdk.testing import make_layout

ORIGIN = Origin("push", "push", "hub", "", Identity("s1", "edge"))
NOW = 1_700_000_000_000
PUSHED = [Metric(f"pushed_{n}", labels=("host",)) for n in range(50)]
SERIES = tuple(PUSHED[n % 50].series(f"host-{n // 50}") for n in range(3000))


def batcher(**limits):
    return EmissionBatcher(ORIGIN, {}, Chain(), RunLimits(**limits))


def make_batches(one, series, ts=NOW):
    """A request with these series, as batches."""
    into, start = EmissionBatches(), 0
    table = Table(tuple(series), array("d", range(len(series))), array("q", [ts] * len(series)))
    one.turn(ts)
    while start < len(series):
        start = one.make(table, start, ts, into)
    return into.batches


def test_requests_whose_borders_shift_make_few_layouts():
    """3,000 series in requests of 700: after the first round nine of ten samples are in layouts of before."""
    one, known, fresh = batcher(), set(), Counter()
    stream = SERIES * 30
    for number, start in enumerate(range(0, len(stream) - 700, 700)):
        batches = make_batches(one, stream[start : start + 700], NOW + number)
        new = [batch for batch in batches if batch.layout.whole not in known]
        fresh["rows"] += sum(map(len, new)) if number > 5 else 0
        known |= {batch.layout.whole for batch in batches}
    assert fresh["rows"] < len(stream) / 10
    assert max(len(layout) for layout in known) <= LONGEST


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=120), max_size=5))
def test_nothing_is_lost_and_order_holds(requests):
    """Whatever comes in whatever order and however often: each sample once, in its order; no layout has a
    series twice.
    """
    one = batcher()
    for numbers in requests:
        batches = make_batches(one, [SERIES[number] for number in numbers])
        for batch in batches:
            assert len({row.key for row in batch.layout.rows}) == len(batch)
        items = [item for batch in batches for item in batch.items()]
        assert [row.name for row, _, _ in items] == [SERIES[n].metric.name for n in numbers]
        assert [value for _, _, value in items] == [*range(len(numbers))]


def test_times_collapse_where_they_are_equal():
    """A scrape has one time: its batches have none for each sample, which halves their bytes."""
    one = batcher()
    assert all(batch.times is None and batch.ts == NOW for batch in make_batches(one, SERIES[:500]))
    into = EmissionBatches()
    table = Table(SERIES[:500], array("d", range(500)), array("q", range(NOW, NOW + 500)))
    one.make(table, 0, NOW, into)
    assert [ts for batch in into.batches for ts in batch.times or [batch.ts]] == [
        *range(NOW, NOW + 500)
    ]


def test_what_was_long_unused_is_forgotten():
    """Runs that never come again cost their memory for ten minutes at most, and are bounded before."""
    runs = Runs(lambda series: Planned(make_layout(len(series))))
    for turn in range(3):
        runs.turn(NOW + turn * FORGET, 10)
        runs.at(SERIES[turn * 100 : turn * 100 + 10], 0)
    assert len(runs) == 2
    for number in range(20_000):
        runs.turn(NOW, 10)
        runs.at((SERIES[number % 3000], SERIES[number // 3000]), 0)
    assert len(runs) <= 2 * LEAST + 2


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2999), st.integers(1, 2100), st.integers(2, 700), st.booleans()),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_cut_out_of_runs_has_the_series_that_came(requests):
    """Requests begin and end anywhere, leave out every so many series, and have pairs in another order: each
    sample is in a batch, with its series, in its order; no layout has a series twice.
    """
    one = batcher()
    for start, count, every, swapped in requests:
        asked = (SERIES + SERIES)[start : start + count]
        asked = [series for at, series in enumerate(asked) if at % every]
        if swapped:
            asked[every - 1 : every + 1] = asked[every - 1 : every + 1][::-1]
        items = []
        for batch in make_batches(one, asked):
            assert len({row.key for row in batch.layout.rows}) == len(batch)
            items += batch.items()
        assert [(row.name, dict(row.labels)["host"]) for row, _, _ in items] == [
            (series.metric.name, *series.values) for series in asked
        ]
        assert [value for _, _, value in items] == [*range(len(asked))]


def test_where_no_processor_changes_them_requests_need_no_layouts_of_their_own():
    """Series that all came before, in requests cut as none before: no plan is made any more, and a request
    of 2,000 is a few batches.
    """
    one, stream = batcher(), SERIES * 30
    requests = [stream[start : start + 2000] for start in range(0, len(stream) - 2000, 1999)]
    learned = {b.layout.whole for r in requests[:15] for b in make_batches(one, r)}
    batches = [batch for request in requests[15:] for batch in make_batches(one, request)]
    assert {batch.layout.whole for batch in batches} <= learned
    assert len(batches) < len(requests[15:]) * 9


def test_a_series_more_or_less_costs_the_run_that_has_it():
    """A series that ended in the middle: the large run around it is made again, and no other."""
    made: list[int] = []

    def plan(series):
        made.append(len(series))
        planned = Planned(make_layout(len(series)))
        planned.plain = True
        return planned

    runs = Runs(plan)

    def cut(series):
        found, at = [], 0
        while at < len(series):
            found.append(runs.at(series, at))
            at += found[-1].size
        return found

    before = cut(SERIES)
    large = next(stretch.run for stretch in before if stretch.run.rank == RANKS)
    ended = large.series[len(large.series) // 2]
    after = tuple([series for series in SERIES if series is not ended])
    made.clear()
    assert len(cut(after)) == len(before)
    assert made == [len(large.series) - 1]
    made.clear()
    cut(after)
    cut(after[after.index(large.series[1]) :])
    assert not made


class Planned:
    """As a plan: it has a course, and processors change its batches unless it is plain."""

    course = object()
    plain = False

    def __init__(self, layout):
        self.layout = layout


def test_a_new_hour_begins_anew():
    """As with collections: what was refused above the limit of series is taken then."""
    one = batcher(series=5)
    assert sum(len(batch) for batch in make_batches(one, SERIES[:10])) == 5
    assert sum(len(batch) for batch in make_batches(one, SERIES[5:10], NOW + 3_600_001)) == 5


def test_what_borders_leave_is_cut_into_pieces_that_come_again():
    """1,999 series in requests of 500, none cut as another: once all were seen, less than one row in
    twenty needs a plan, and a request is still few batches.
    """
    planned: list[int] = []

    def plan(series):
        planned.append(len(series))
        return Planned(make_layout(1))

    runs, stream = Runs(plan), SERIES[:1999] * 50
    batches = 0
    for number in range(190):
        if number == 20:
            planned.clear()
        request, start = stream[number * 500 : number * 500 + 500], 0
        while start < len(request):
            start += runs.at(request, start).size
            batches += 1
    assert sum(planned) < 170 * 500 / 20
    assert batches < 190 * 18


def test_large_requests_are_few_batches():
    """What a batch costs beside its samples is paid for a hundred of them; larger runs are in the middle."""
    runs = Runs(lambda _: Planned(make_layout(1)))
    stream, sizes = SERIES * 30, []
    for number in range(40):
        request, start = stream[number * 2100 : number * 2100 + 2000], 0
        while start < len(request):
            sizes.append(runs.at(request, start).size)
            start += sizes[-1]
    assert len(sizes) < 40 * 2000 / 70
    assert max(sizes) > 256


def test_behind_a_series_that_stands_twice_runs_are_found_again():
    """Only what is between the two is cut as never before."""
    runs = Runs(lambda _: Planned(make_layout(1)))
    twice = (*SERIES[:100], *SERIES[99:1000])
    start = 0
    while start < len(twice):
        run = runs.at(twice, start).run
        start += len(run.series)
        assert len({*run.series}) == len(run.series)
    again, known = SERIES[120:1000], len(runs)
    start = 0
    while start < len(again):
        start += runs.at(again, start).size
    assert len(runs) - known < 8
