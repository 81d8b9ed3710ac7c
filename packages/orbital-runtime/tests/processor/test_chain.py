"""Processors: they plan once a layout, in order; each one's failure costs what it was given and no more."""

from __future__ import annotations

import logging
import math
from array import array
from collections import Counter

import pytest

from orbital_runtime.processor.calling import Failed
from orbital_runtime.processor.chain import Chain
from orbital_runtime.processor.course import SUBSETS
from orbital_sdk import STALE_BYTES, Batch, Layout, Plan, Processor, ProcessorConfig, Row
from orbital_sdk.testing import make_batch, make_layout, make_origin


class Made(Processor[ProcessorConfig]):
    """Plans by a function; counts how often it is asked."""

    name = "made"

    def __init__(self, plan, name="made", flush=lambda now, last: ()):
        super().__init__(ProcessorConfig())
        self.asked = 0
        self.name = name
        self._plan = plan
        self._flush = flush

    def plan(self, layout):
        self.asked += 1
        return self._plan(layout)

    def flush(self, now, *, last):
        return self._flush(now, last)


def only(*names):
    return Made(lambda layout: [r if r.name in names else None for r in layout.rows], "only")


def prefix(text):
    return Made(
        lambda layout: [Row(text + r.name, dict(r.labels), r.kind, r.unit) for r in layout.rows],
        "prefix",
    )


def steps(step, rows=lambda layout: layout.rows, name="steps"):
    return Made(lambda layout: Plan(rows(layout), step), name)


def through(chain, batch, course=None):
    """What leaves, as name -> value; the batch itself; what was refused."""
    refused = Counter()
    left = chain.process(course or chain.plan(batch.layout), batch, refused)
    shown = {} if left is None else {row.name: value for row, _, value in left.items()}
    return shown, left, refused


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level(logging.CRITICAL, "orbital.processor")


BATCH = make_batch({"a": 1, "b": 2, "c": 3})


def test_processors_work_in_order():
    """Each plans for what the one before leaves, whether that one has a step or not."""
    doubled = steps(lambda batch: [2 * value for value in batch.values])
    chain = Chain([only("a", "b"), prefix("x_"), doubled, only("x_b"), prefix("y_")])
    assert through(chain, BATCH)[0] == {"y_x_b": 4}


def test_what_changes_nothing_costs_nothing():
    """Without processors, and where all of them leave the rows as they are, batches pass as they came."""
    for chain in (Chain(), Chain([only("a", "b", "c"), Made(lambda layout: Plan(layout.rows))])):
        course = chain.plan(BATCH.layout)
        assert (course.layout, course.pick) == (BATCH.layout, None)
        assert through(chain, BATCH, course)[1] is BATCH
        assert chain.totals.dropped == {}


def test_a_layout_is_planned_once():
    """Batches of one layout leave on one layout, so that a buffer writes it once; nobody is asked again."""
    filtered, doubled = only("a", "c"), steps(lambda batch: [2 * v for v in batch.values])
    chain = Chain([filtered, doubled, prefix("x_")])
    course = chain.plan(BATCH.layout)
    layouts = {
        id(through(chain, make_batch([n, n, n], layout=BATCH.layout), course)[1].layout)
        for n in range(10)
    }
    assert len(layouts) == 1
    assert (filtered.asked, doubled.asked) == (1, 1)


def test_a_layout_of_which_nothing_is_left_ends_there():
    """None, or a None for each row: later processors are not even asked."""
    never = only("a")
    for nothing in (Made(lambda layout: None), only()):
        chain = Chain([nothing, never])
        assert through(chain, BATCH)[1] is None
        assert chain.totals.dropped == {nothing.name: 3}
    assert never.asked == 0


def test_what_is_dropped_and_made_is_counted():
    """By processor, at each batch: out = in + made - dropped."""
    ratio = steps(
        lambda batch: [*batch.values, batch.values[0] / batch.values[1]],
        lambda layout: [*layout.rows, Row("ratio", {})],
        "ratio",
    )
    chain = Chain([only("a", "b"), ratio, only("ratio")])
    course = chain.plan(BATCH.layout)
    for _ in range(2):
        assert through(chain, BATCH, course)[0] == {"ratio": 0.5}
    assert chain.totals.dropped == {"only": 2 * 1 + 2 * 2}
    assert chain.totals.made == {"ratio": 2}


def test_a_row_that_a_step_leaves_out_may_have_any_value():
    """A step may return the batch's own values where its plan leaves rows out."""
    chain = Chain([steps(lambda batch: batch.values, lambda layout: [None, *layout.rows[1:]])])
    assert through(chain, BATCH)[0] == {"b": 2, "c": 3}
    chain = Chain([steps(lambda batch: [math.nan, 5, 6], lambda layout: [None, *layout.rows[1:]])])
    assert through(chain, BATCH)[0] == {"b": 5, "c": 6}
    assert chain.totals.dropped == {"steps": 1}


def test_no_number_is_no_sample():
    """A step that gives NaN has no sample for this row this time: those behind it never see one, and the
    layouts that come of it are shared as any others.
    """

    def positive(batch):
        return [value if value > 0 else math.nan for value in batch.values]

    behind = prefix("x_")
    chain = Chain([steps(positive, name="positive"), behind])
    course = chain.plan(BATCH.layout)
    some = [make_batch([1, -n, 3], layout=BATCH.layout) for n in range(1, 4)]
    left = [through(chain, batch, course)[1] for batch in some]
    assert {id(batch.layout) for batch in left} == {id(left[0].layout)}
    assert through(chain, some[0], course)[0] == {"x_a": 1, "x_c": 3}
    assert behind.asked == 2
    assert through(chain, make_batch([-1, -1, -1], layout=BATCH.layout), course)[1] is None
    assert chain.totals.dropped == {"positive": 4 + 3}


def test_infinities_that_cancel_out_are_numbers():
    """Only what is not a number is left out."""
    batch = make_batch([math.inf, -math.inf, 1], layout=BATCH.layout)
    left = through(Chain([steps(lambda batch: batch.values)]), batch)[0]
    assert left == {"a": math.inf, "b": -math.inf, "c": 1}


def test_what_is_kept_behind_a_step_is_bounded():
    """However many subsets of its rows a step leaves."""

    def one(batch):
        return [value or math.nan for value in batch.values]

    chain = Chain([steps(one)])
    layout = make_layout(20)
    course = chain.plan(layout)
    for n in range(20):
        values = [float(n == place) for place in range(20)]
        assert through(chain, make_batch(values, layout=layout), course)[0] == {f"metric_{n}": 1}
    assert course.stepping.without.cache_info().currsize == SUBSETS


def test_times_of_their_own_go_along():
    """With the rows they belong to; a new row has the batch's time."""
    batch = make_batch({"a": 1, "b": 2, "c": 3}, ts=100, times=[10, 20, 30])
    more = steps(
        lambda batch: [*batch.values, sum(batch.values)],
        lambda layout: [*layout.rows, Row("sum", {})],
    )
    left = through(Chain([only("b", "c"), more, only("c", "sum")]), batch)[1]
    assert [(row.name, ts, value) for row, ts, value in left.items()] == [
        ("c", 30, 3), ("sum", 100, 5),
    ]  # fmt: skip


def test_series_that_become_one_are_duplicates(caplog):
    """The first is kept; the other is refused at each batch, and named once."""
    caplog.set_level(logging.WARNING, "orbital.processor")
    same = Made(lambda layout: [Row("same", {}) for _ in layout.rows], "same")
    for chain in (Chain([same]), Chain([same, only("same")])):
        shown, _, refused = through(chain, BATCH)
        assert (shown, refused) == ({"same": 1}, {"duplicate": 2})
        assert chain.totals.dropped == {}
    assert "processor 'same' made same{} of more than one series" in caplog.text


def test_the_last_word_is_the_engines():
    """It sees each row that leaves with its first place, and may cut it or refuse it."""
    seen = []

    def admit(row, source):
        seen.append((row.name, source))
        return "series_limit" if row.name == "c" else row

    chain = Chain([only("b", "c")])
    course = chain.plan(BATCH.layout, admit)
    assert through(chain, BATCH, course)[::2] == ({"b": 2}, {"series_limit": 1})
    assert seen == [("b", 1), ("c", 2)]


def raises(*_):
    raise ZeroDivisionError


def test_a_plan_that_raises_is_told_to_the_engine(caplog):
    """Counted each time, logged once with its traceback."""
    caplog.set_level(logging.ERROR, "orbital.processor")
    chain = Chain([Made(raises, "broken")])
    for _ in range(3):
        with pytest.raises(Failed, match="broken"):
            chain.plan(BATCH.layout)
    assert chain.totals.errors == {"broken": 3}
    assert len(caplog.records) == 1
    assert "ZeroDivisionError" in caplog.text


def test_a_step_that_raises_costs_its_batch_alone(caplog):
    """Its samples are counted as lost, and never go on unprocessed; the next batch is tried."""
    caplog.set_level(logging.ERROR, "orbital.processor")
    chain = Chain([only("a", "b"), steps(raises, name="broken")])
    course = chain.plan(BATCH.layout)
    for _ in range(3):
        assert through(chain, BATCH, course)[1] is None
    assert chain.totals.lost == {"broken": 6}
    assert chain.totals.dropped == {"only": 3}
    assert len(caplog.records) == 1


ROW = Row("value", {"of": "a"})


@pytest.mark.parametrize(
    "answer",
    [
        "abc",
        42,
        [ROW],
        [1, 2, 3],
        [*BATCH.layout.rows, ROW],
        Plan([ROW], lambda batch: [1]),
        Plan(5),
    ],
    ids=["text", "number", "too few", "no rows", "too many", "too few with a step", "no sequence"],
)
def test_a_plan_that_is_none_has_failed(answer):
    """As one that raises."""
    chain = Chain([Made(lambda layout: answer)])
    with pytest.raises(Failed):
        chain.plan(BATCH.layout)
    assert chain.totals.errors == {"made": 1}


@pytest.mark.parametrize(
    "answer",
    [[1, 2], [1, 2, 3, 4], None, "abc", b"x" * 24, ["a", "b", "c"], 5],
    ids=["too few", "too many", "nothing", "text", "bytes", "not numbers", "a number"],
)
def test_values_that_are_none_have_failed(answer):
    """A column of another length would give values to the wrong series."""
    chain = Chain([steps(lambda batch: answer, name="says")])
    assert through(chain, BATCH)[1] is None
    assert (chain.totals.errors, chain.totals.lost) == ({"says": 1}, {"says": 3})


def test_a_step_may_use_its_column_again():
    """What waits for the buffer does not change under it."""
    column = array("d", [0, 0, 0])

    def step(batch):
        column[0] += 1
        return column

    chain = Chain([steps(step)])
    course = chain.plan(BATCH.layout)
    first = through(chain, BATCH, course)[1]
    through(chain, BATCH, course)
    assert first.values[0] == 1


def gathered(*batches):
    return Made(lambda layout: None, "gathers", lambda now, last: batches)


def test_what_was_gathered_goes_through_those_behind():
    """Not through those before, nor the one that gathered it; and it is counted."""
    batch = make_batch({"sum": 5, "other": 6})
    chain = Chain([only("nothing"), gathered(batch), prefix("x_"), only("x_sum")])
    refused = Counter()
    first, second = [next(chain.flush(0, refused)) for _ in range(2)]
    assert [(row.name, value) for row, _, value in first.items()] == [("x_sum", 5)]
    assert first.layout is second.layout
    assert chain.totals.made == {"gathers": 4}
    assert chain.totals.dropped == {"only": 2}


def test_the_last_flush_asks_those_that_go():
    """Them alone, and tells them so."""
    told = []
    going, staying = [
        Made(
            lambda layout: None, name, lambda now, last, name=name: told.append((name, last)) or ()
        )
        for name in ("going", "staying")
    ]
    chain = Chain([going, staying])
    list(chain.flush(0, Counter()))
    list(chain.flush(0, Counter(), last=[going]))
    assert told == [("going", False), ("staying", False), ("going", True)]


def test_gathered_series_may_end():
    """A stale batch keeps its markers bit for bit, whatever steps stand behind it."""
    batch = make_batch({"sum": 0, "other": 0}, stale=True)
    chain = Chain([gathered(batch), steps(raises), prefix("x_"), only("x_sum")])
    (left,) = chain.flush(0, Counter())
    assert (left.stale, left.values.tobytes()) == (True, STALE_BYTES)
    assert [row.name for row in left.layout.rows] == ["x_sum"]


@pytest.mark.parametrize(
    "answer",
    [
        [42],
        5,
        [Batch(make_layout(1), 0, array("d", [1, 2]))],
        [Batch(make_layout(2), 0, array("d", [1, 2]), array("q", [1]))],
        [make_batch([math.nan])],
    ],
    ids=["no batch", "a number", "too many values", "too few times", "no number"],
)
def test_what_no_buffer_may_hold_does_not_get_there(answer):
    """A flush that gives nonsense has failed; the processors behind it are asked all the same."""
    good = gathered(make_batch(1))
    chain = Chain([Made(lambda layout: None, "bad", lambda now, last: answer), good])
    assert len(list(chain.flush(0, Counter()))) == 1
    assert chain.totals.errors == {"bad": 1}


def test_gathered_rows_that_nobody_can_carry_are_refused():
    """A series twice, and text that UTF-8 has no bytes for."""
    origin = make_origin()
    rows = [Row("a", {}), Row("a", {}), Row("b", {"x": "\ud800"})]
    batch = Batch(Layout(origin, rows), 0, array("d", [1, 2, 3]))
    refused = Counter()
    (left,) = Chain([gathered(batch)]).flush(0, refused)
    assert list(left.values) == [1]
    assert refused == {"duplicate": 1, "bad_label": 1}


def test_counts_go_on_over_a_reload():
    """Totals only grow, whatever processors come and go."""
    first = Chain([steps(raises, name="broken")])
    through(first, BATCH)
    second = Chain([only("a")], first.calling)
    through(second, BATCH)
    assert (second.totals.errors, second.totals.dropped) == ({"broken": 1}, {"only": 2})
