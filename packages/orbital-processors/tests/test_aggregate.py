"""aggregate, against a plain recomputation, and its windows when times go wrong."""

import asyncio
import math
import os
import statistics
import threading
from collections import defaultdict
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orbital_processors import Aggregate, AggregateConfig
from orbital_processors.aggregate.window_file import FORMER, KEPT
from orbital_sdk import Layout, Row
from orbital_sdk.testing import FakeHost, make_batch, make_origin

T = 1_700_000_040_000
"""The beginning of a minute."""
MINUTE = 60_000
FUNCTIONS = ("min", "max", "avg", "sum", "count", "last", "stddev")


def make(**settings):
    defaults = {"match": [{"metric": "m*"}], "interval": "1m", "functions": ["sum"]}
    return Aggregate(AggregateConfig.model_validate(defaults | settings))


async def started(folder=None, **settings):
    processor, host = make(**settings), FakeHost(folder)
    await processor.start(host)
    return processor, host


class Feed:
    """Gives batches to a processor; plans are kept as the agent keeps them."""

    def __init__(self, processor):
        self.processor = processor
        self.plans = {}

    def __call__(self, layout, values, ts=T, times=None):
        plan = self.plans.get(layout) or self.processor.plan(layout)
        self.plans[layout] = plan
        return plan.step(make_batch(values, ts=ts, layout=layout, times=times))

    def flush(self, now, *, last=False):
        """(seconds behind T, name, labels) -> value."""
        given_batches = self.processor.flush(now, last=last)
        found = [
            ((ts - T) // 1000, row.name, dict(row.labels), value)
            for batch in given_batches
            for row, ts, value in batch.items()
        ]
        return sorted(found, key=str)


def layout(*rows, task="task-1", device="device-1"):
    origin = make_origin(task, device_id=device)
    return Layout(origin, [Row(name, {"device_id": device} | labels) for name, labels in rows])


# ---- against a plain recomputation ------------------------------------------------------------------

SERIES = [(name, {"a": a, "b": b}) for name in ("m1", "m2") for a in "xy" for b in "12"]
GROUPING = st.one_of(
    st.just({}),
    st.builds(
        lambda names: {"by": names}, st.lists(st.sampled_from(["a", "b", "device_id"]), unique=True)
    ),
    st.builds(
        lambda names: {"without": names},
        st.lists(st.sampled_from(["a", "b", "device_id"]), unique=True),
    ),
)
LAYOUTS = st.lists(
    st.tuples(
        st.sampled_from([("task-1", "device-1"), ("task-2", "device-1"), ("task-3", "device-2")]),
        st.lists(st.sampled_from(range(len(SERIES))), min_size=1, unique=True),
    ),
    min_size=1, max_size=4,
)  # fmt: skip
STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 70), st.integers(-1000, 1000), st.booleans()),
    max_size=12,
)


def plain(samples, settings):
    """The definition: samples by window and group, then each function of them."""
    grouped = defaultdict(list)
    for (task, device), name, labels, ts, value in samples:
        over = settings["over"]
        always = set() if over == "agent" else {"device_id"}
        full = labels | {"device_id": device}
        if "by" in settings:
            kept = {k: v for k, v in full.items() if k in {*settings["by"], *always}}
        else:
            kept = {
                k: v for k, v in full.items() if k not in set(settings.get("without", ())) - always
            }
        scope = {"task": task, "device": device, "agent": ""}[over]
        grouped[ts // MINUTE, scope, name, tuple(sorted(kept.items()))].append((ts, value))
    return grouped


def expected_of(grouped, suffix):
    for (window, scope, name, labels), samples in grouped.items():
        values = [value for _, value in samples]
        latest = max(ts for ts, _ in samples)
        results = {
            "min": min(values), "max": max(values), "avg": sum(values) / len(values), "sum": sum(values),
            "count": len(values), "stddev": statistics.pstdev(values),
            "last": [value for ts, value in samples if ts == latest],  # any of them
        }  # fmt: skip
        for function, value in results.items():
            yield (window, scope, f"{name}:1m{suffix}_{function}", labels), value


@given(GROUPING, st.sampled_from(["task", "device", "agent"]), LAYOUTS, STEPS)
def test_aggregates(grouping, over, layouts, steps):
    """Each function of each window and group, whatever layouts, tasks and times the samples came in."""
    settings = grouping | {"over": over}
    feed = Feed(make(functions=FUNCTIONS, **settings))
    made = [
        layout(*[SERIES[n] for n in ns], task=task, device=device) for (task, device), ns in layouts
    ]
    samples, ts = [], T
    for which, seconds, first, own_times in steps:
        ts += seconds * 1000
        at = which % len(made)
        rows = made[at].rows
        values = [float(first + place) for place in range(len(rows))]
        times = [ts - place * 20_000 for place in range(len(rows))] if own_times else None
        feed(made[at], values, ts, times)
        samples += [
            (layouts[at][0], *SERIES[n], t, value)
            for n, t, value in zip(layouts[at][1], times or [ts] * len(rows), values, strict=True)
        ]
    suffix = "".join(
        f"_{word}_{'_'.join(sorted(grouping[word]))}"
        for word in ("by", "without")
        if grouping.get(word)
    )
    found = {
        (batch.ts // MINUTE - 1, scope_of(batch, over), row.name, row.labels): value
        for batch in feed.processor.flush(ts + 1_000_000, last=False)
        for row, _, value in batch.items()
    }
    expected = dict(expected_of(plain(samples, settings), suffix))
    assert found.keys() == expected.keys()
    for key, wanted in expected.items():
        if isinstance(wanted, list):
            assert found[key] in wanted, key
        else:
            assert found[key] == pytest.approx(wanted, rel=1e-12, abs=1e-9), key


def scope_of(batch, over):
    """What the aggregates of a batch are of."""
    origin = batch.layout.origin
    return {"task": origin.task, "device": origin.device_id, "agent": ""}[over]


def test_what_is_not_aggregated():
    """Other series pass, and those that are aggregated do where asked for; a layout without any has no
    step.
    """
    rows = layout(("m", {}), ("other", {}))
    assert [row and row.name for row in make().plan(rows).rows] == [None, "other"]
    assert [row.name for row in make(keep=True).plan(rows).rows] == ["m", "other"]
    others = layout(("other", {}))
    assert make().plan(others) == [*others.rows]


def test_units():
    """Aggregates are gauges in the unit of their samples; a count has none."""
    row = Row("m_total", {}, "counter", "bytes")
    feed = Feed(make(functions=["sum", "count"]))
    feed(Layout(make_origin(), [row]), [1.0])
    (batch,) = feed.processor.flush(T + 2 * MINUTE, last=False)
    assert [(row.kind, row.unit) for row in batch.layout.rows] == [
        ("gauge", "bytes"),
        ("gauge", ""),
    ]


def test_the_same_layouts():
    """Aggregates of the same groups have the same layout in each window, whatever came first."""
    feed = Feed(make(over="agent", by=[]))
    one, two = layout(("m1", {})), layout(("m2", {}), task="task-2")
    for minute, order in enumerate([(one, two), (two, one)]):
        for each in order:
            feed(each, [1.0], T + minute * MINUTE)
    first, second = feed.processor.flush(T + 10 * MINUTE, last=False)
    assert first.layout is second.layout


def test_nothing_is_held():
    """Groups go with the layouts and windows that have them."""
    feed = Feed(make())
    feed(layout(("m", {})), [1.0])
    feed.plans.clear()
    assert len(feed.processor._groups) == 1
    feed.flush(T + 2 * MINUTE)
    feed.processor._emission._layouts.clear()
    assert len(feed.processor._groups) == 0


# ---- when --------------------------------------------------------------------------------------------


def test_windows():
    """A window is given once, at its end and the delay, with the time of its end."""
    feed, rows = Feed(make(delay="5s")), layout(("m", {}))
    feed(rows, [1.0], T + 59_999)
    feed(rows, [2.0], T + 60_000)
    assert feed.flush(T + 64_999) == []
    assert [(each[0], each[-1]) for each in feed.flush(T + 65_000)] == [(60, 1)]
    assert feed.flush(T + 66_000) == []
    assert [(each[0], each[-1]) for each in feed.flush(T + 125_000)] == [(120, 2)]


def test_samples_within_the_delay():
    """What comes while a window waits counts in it, though what it had was merged by then."""
    feed, rows, others = (
        Feed(make(delay="5s", over="agent", by=[])),
        layout(("m", {})),
        layout(("m", {"x": "y"})),
    )
    for now in (59, 60, 61, 64):
        feed(rows, [1.0], T)
        feed(others, [10.0], T)
        assert feed.flush(T + now * 1000) == []
    assert [each[-1] for each in feed.flush(T + 65_000)] == [44]


async def test_late_samples():
    """A sample whose window was given is dropped or counts in the next one, and is counted either way."""
    for late, values in (("drop", [4]), ("next", [4 + 2])):
        processor, host = await started(late=late, delay="0s")
        feed, rows = Feed(processor), layout(("m", {}))
        feed(rows, [1.0], T)
        feed.flush(T + MINUTE)
        feed(rows, [4.0], T + MINUTE)
        feed(rows, [2.0], T + 1)
        assert [each[-1] for each in feed.flush(T + 2 * MINUTE)] == values
        assert host.value("late_samples_total") == 1


async def test_a_clock_that_went_back():
    """Samples of the time that comes again are no late ones, and what was collected ahead of it is given
    at once.
    """
    processor, host = await started(delay="0s")
    feed, rows = Feed(processor), layout(("m", {}))
    feed(rows, [1.0], T)
    feed.flush(T + MINUTE)
    feed(rows, [2.0], T + MINUTE)  # now the clock goes back by an hour
    hour = 60 * MINUTE
    assert [each[-1] for each in feed.flush(T + MINUTE - hour)] == [2]
    feed(rows, [3.0], T + MINUTE - hour)
    assert [(each[0], each[-1]) for each in feed.flush(T + 2 * MINUTE - hour)] == [(120 - 3600, 3)]
    assert (host.value("clock_jumps_total"), host.value("late_samples_total")) == (1, 0)


def test_a_clock_that_went_forward():
    """Windows are given early, and nothing is lost."""
    feed, rows = Feed(make()), layout(("m", {}))
    feed(rows, [1.0], T)
    assert len(feed.flush(T + 3_600_000)) == 1
    feed(rows, [1.0], T + 3_600_000)
    assert len(feed.flush(T + 3_700_000)) == 1


async def test_infinities():
    """Infinities are values; what they make undefined is left out and counted."""
    processor, host = await started(
        functions=["sum", "min", "max", "count", "stddev"], quantiles=[0, 0.5, 1]
    )
    feed, rows = Feed(processor), layout(("m", {}))
    for value in (math.inf, 1.0, -math.inf):
        feed(rows, [value])
    found = {
        (name.rpartition("_")[2], labels.get("quantile", "")): v
        for _, name, labels, v in feed.flush(T * 2)
    }
    assert found == {
        ("min", ""): -math.inf, ("max", ""): math.inf, ("count", ""): 3, ("quantiles", "0"): -math.inf,
        ("quantiles", "0.5"): pytest.approx(1, rel=0.01), ("quantiles", "1"): math.inf,
    }  # fmt: skip
    assert host.value("undefined_total") == 2


async def test_too_many_groups():
    """Series for which there is no room are dropped and counted; those known go on."""
    processor, host = await started(max_groups=2)
    feed = Feed(processor)
    feed(layout(("m1", {}), ("m2", {}), ("m3", {})), [1.0, 1.0, 1.0])
    assert [name for _, name, *_ in feed.flush(T * 2)] == ["m1:1m_sum", "m2:1m_sum"]
    assert (host.value("refused_series_total"), host.value("groups")) == (1, 2)


# ---- the end, and a restart ---------------------------------------------------------------------------


def test_the_end():
    """What open windows have is given when the processor ends, with the time of then."""
    feed, rows = Feed(make()), layout(("m", {}))
    feed(rows, [1.0], T + 1000)
    assert [(each[0], each[-1]) for each in feed.flush(T + 5000, last=True)] == [(5, 1)]
    assert feed.flush(T + 6000, last=True) == []


SETTINGS = {"functions": FUNCTIONS, "quantiles": [0.5], "persist": True, "over": "device", "by": []}


async def test_a_restart(tmp_path):
    """Where asked for, open windows go on in the next process, and are given once."""
    rows = layout(("m", {"x": "é"}))
    whole = Feed(make(**SETTINGS | {"persist": False}))
    processor, _ = await started(tmp_path, **SETTINGS)
    before = Feed(processor)
    for value in (5.0, -2.5, math.inf):
        whole(rows, [value])
        before(rows, [value])
    assert before.flush(T + 3000, last=True) == []
    await processor.stop()
    processor, _ = await started(tmp_path, **SETTINGS)
    after = Feed(processor)
    for feed in (whole, after):
        feed(rows, [7.25])
    expected = whole.flush(T + 2 * MINUTE)
    assert after.flush(T + 2 * MINUTE) == expected
    assert len(expected) == 7  # the standard deviation is undefined
    await processor.stop()
    processor, _ = await started(tmp_path, **SETTINGS)
    assert Feed(processor).flush(T + 9 * MINUTE) == []


async def test_a_crash(tmp_path):
    """What was there 30 s ago goes on, in whatever layouts it came; a file that was being written then is
    removed.
    """
    processor, _ = await started(tmp_path, **SETTINGS)
    feed, rows = Feed(processor), layout(("m", {"x": "1"}), ("m", {"x": "2"}))
    feed(rows, [1.0, 2.0])
    feed.flush(T + 1000)
    await stored(processor)
    feed(layout(("m", {"x": "3"})), [3.0])
    feed.flush(T + 2000)
    assert not processor._file.busy
    feed.flush(T + 31_000)
    await stored(processor)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    (tmp_path / f".{file.name}.x1").write_bytes(b"half")
    feed(rows, [100.0, 100.0])  # lost
    processor, _ = await started(tmp_path, **SETTINGS)
    assert [*tmp_path.iterdir()] == [file]
    after = Feed(processor)
    after(rows, [10.0, 20.0])
    found = {name.rpartition("_")[2]: value for _, name, _, value in after.flush(T + 2 * MINUTE)}
    assert (found["sum"], found["count"], found["max"]) == (36, 5, 20)


async def test_a_slow_disk(tmp_path):
    """Nobody waits while windows are written; what was given meanwhile leaves the file afterwards."""
    processor, _ = await started(tmp_path, **SETTINGS | {"delay": "0s"})
    feed, disk = Feed(processor), threading.Event()
    feed(layout(("m", {})), [1.0])
    feed.flush(T + 1000)
    await stored(processor)
    (file,) = tmp_path.iterdir()
    processor._file._writing = processor._file._pool.submit(disk.wait)
    assert len(feed.flush(T + MINUTE)) == 8
    assert file.stat().st_size > 0
    disk.set()
    await stored(processor)
    feed.flush(T + MINUTE + 1000)
    await stored(processor)
    assert file.stat().st_size == 0


async def test_text_that_is_none(tmp_path):
    """A group with half a surrogate pair in a label is not stored, and costs no other."""
    settings = SETTINGS | {"by": None}
    processor, _ = await started(tmp_path, **settings)
    feed = Feed(processor)
    feed(layout(("m", {"x": "\ud800"}), ("m", {"x": "1"})), [1.0, 2.0])
    feed.flush(T + 1000, last=True)
    await processor.stop()
    processor, _ = await started(tmp_path, **settings)
    found = Feed(processor).flush(T + 2 * MINUTE)
    assert {labels["x"] for _, _, labels, _ in found} == {"1"}


async def stored(processor):
    """Wait until the windows are stored."""
    await asyncio.wrap_future(processor._file._writing)


async def test_other_settings(tmp_path):
    """Windows of other settings are not continued; those of the last ones are kept for a way back."""
    for number in range(20):
        processor, _ = await started(tmp_path, **SETTINGS | {"max_groups": 1 + number})
        feed = Feed(processor)
        assert feed.flush(T * 2) == []
        feed(layout(("m", {})), [1.0])
        feed.flush(T, last=True)
        await processor.stop()
        for file in tmp_path.iterdir():
            was = file.stat().st_mtime - 2 * FORMER
            os.utime(file, (was, was))
    assert len([*tmp_path.iterdir()]) == 17
    processor, _ = await started(tmp_path, **SETTINGS | {"max_groups": 19})
    assert len(Feed(processor).flush(T * 2)) == 8


async def test_more_aggregations_than_former_files_are_kept(tmp_path):
    """Each continues its windows: the start of one removes no file of another."""
    settings = [SETTINGS | {"max_groups": 1 + number} for number in range(KEPT + 4)]
    for one in settings:
        processor, _ = await started(tmp_path, **one)
        Feed(processor)(layout(("m", {})), [1.0])
        processor.flush(T, last=True)
        await processor.stop()
    again = [(await started(tmp_path, **one))[0] for one in settings]
    assert all(Feed(processor).flush(T * 2) for processor in again)
    for processor in again:
        await processor.stop()


@pytest.mark.parametrize("over", ["task", "device"])
async def test_fields_of_the_device_outlive_a_restart(tmp_path, over):
    """Labels are made of them behind the aggregates."""
    origin = replace(make_origin(), fields={"host": "10.0.0.1"})
    rows = Layout(origin, [Row("m", {})])
    processor, _ = await started(tmp_path, **SETTINGS | {"over": over})
    Feed(processor)(rows, [1.0])
    processor.flush(T, last=True)
    await processor.stop()
    processor, _ = await started(tmp_path, **SETTINGS | {"over": over})
    (batch,) = processor.flush(T + 2 * MINUTE, last=False)
    assert batch.layout.origin.fields == {"host": "10.0.0.1"}
    await processor.stop()


def test_fields_of_the_device_are_those_of_now():
    """A reload may bring others, while windows are open and plans of before are kept."""
    processor, plans = make(), []
    for number, unit in enumerate("122"):
        origin = replace(make_origin(), fields={"unit_id": unit})
        rows = Layout(origin, [Row("m", {})])
        plans.append(processor.plan(rows))
        plans[-1].step(make_batch([1.0], ts=T + number * MINUTE, layout=rows))
        (batch,) = processor.flush(T + number * MINUTE + MINUTE + 10_000, last=False)
        assert batch.layout.origin.fields == {"unit_id": unit}


GROUP = ["", "m", {}, "", True, ["", "", "", ""], ["", "", "", {}], [1]]


@pytest.mark.parametrize("damage", [b"x", [T, 3], {"x": 1}, [T, [["a"]]], "x", [T, [GROUP]]])
async def test_a_damaged_file(tmp_path, damage, caplog):
    """Windows begin anew where it cannot be read, and the log says so."""
    processor, _ = await started(tmp_path, **SETTINGS)
    Feed(processor).flush(T, last=True)
    await processor.stop()
    (file,) = tmp_path.iterdir()
    data = msgspec.msgpack.encode(damage)
    file.write_bytes(damage if damage == b"x" else len(data).to_bytes(4, "big") + data)
    processor, _ = await started(tmp_path, **SETTINGS)
    assert Feed(processor).flush(T * 2) == []
    assert "start empty" in caplog.text


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"functions": []}, "nothing is computed"),
        ({"by": [], "without": []}, "either by or without"),
        ({"by": ["a-b"]}, "not a label name"),
        ({"interval": "1.5s"}, "whole seconds"),
        ({"interval": "25h"}, "less than or equal"),
        ({"interval": "0s"}, "greater than or equal"),
        ({"functions": ["sum", "sum"]}, "twice"),
        ({"quantiles": [1.1]}, "less than or equal"),
        ({"match": []}, "at least one"),
    ],
)
def test_bad_settings(settings, words):
    """What cannot be meant is refused with the reason."""
    with pytest.raises(ValidationError, match=words):
        make(**settings)


def test_layouts_that_are_gone_cost_no_memory_until_the_window_ends():
    """A filter by value in front makes another layout of each batch."""
    processor = make(interval=3600)
    feed = Feed(processor)
    for number in range(50):
        feed(layout(("m", {"x": str(number % 7)}), ("m", {"x": "y"})), [1.0, 2.0], T + number)
        feed.plans.clear()
        feed.flush(T + number)
    (window,) = processor._windows
    assert len(window._folds) < 10
