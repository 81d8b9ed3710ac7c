"""What a receiver emits: accepted before it returns, bounded, and nothing of it lost in silence."""

from __future__ import annotations

import asyncio
from array import array
from dataclasses import replace
from itertools import count

import pytest

from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime.receiving.emitter import TOGETHER
from orbital_runtime_testing.engine import VALUE
from orbital_sdk import (
    STALE,
    BufferRefused,
    Columns,
    EmissionTooLarge,
    Metric,
    Processor,
    ProcessorConfig,
    ReceiverStopped,
)

from .conftest import TASK, Listener, ReceiverRig

A, B = VALUE.series("a"), VALUE.series("b")


async def rounds(turns=10):
    for _ in range(turns):
        await asyncio.sleep(0)


async def test_emit_returns_when_the_buffer_has_it(rig):
    """Not a moment before: that is what a sender is told."""
    emit = await rig.serving()
    rig.open.clear()
    emitting = asyncio.ensure_future(emit([VALUE(1, "a")]))
    await rounds()
    assert not emitting.done()
    rig.open.set()
    await emitting
    ((of, _, value),) = rig.samples()
    assert (of, value) == ("a", 1.0)


async def test_samples_have_their_own_times_or_that_of_their_arrival(rig):
    """Whichever way they come: one by one, as columns, or out of a generator."""
    emit = await rig.serving()
    now = 1_700_000_000_000
    await emit([VALUE(1, "a", ts=now), VALUE(2, "b", ts=now + 5)])
    await emit(Columns((A, B), array("d", [3, 4]), array("q", [now + 7, now + 7])))
    await emit(sample for sample in [VALUE(5, "a", ts=now + 9)])
    await emit([VALUE(6, "a")])
    *own, arrived = rig.samples()
    assert own == [
        ("a", now, 1), ("b", now + 5, 2), ("a", now + 7, 3), ("b", now + 7, 4), ("a", now + 9, 5),
    ]  # fmt: skip
    assert arrived[1] > now + 9


async def test_a_series_may_come_twice(rig):
    """Several samples of one series in one emission keep their order, each with its time."""
    emit = await rig.serving()
    now = 1_700_000_000_000
    series = (A, B, A, B, A)
    await emit(Columns(series, array("d", range(5)), array("q", range(now, now + 5))))
    assert rig.samples() == [(s.values[0], now + at, at) for at, s in enumerate(series)]


async def test_a_series_that_comes_often_has_no_time_twice(rig):
    """Two values of one series at one time would contradict each other at the destination."""
    emit = await rig.serving()
    for value in range(50):
        await emit([VALUE(value, "a")])
    times = [ts for _, ts, _ in rig.samples()]
    assert len(set(times)) == 50
    assert times == sorted(times)


async def test_the_end_of_a_series_is_told(rig):
    """A stale marker goes on as such, bit for bit, and is not a sample; a NaN is none either, and counted."""
    emit = await rig.serving()
    now = 1_700_000_000_000
    values = array("d", [1.0, STALE, float("nan")])
    await emit(Columns((A, B, VALUE.series("c")), values, array("q", [now] * 3)))
    assert rig.samples() == [("a", now, 1), ("b", now, "stale")]
    assert rig.engine.totals.refused == {"nan": 1}
    assert rig.engine.totals.samples == 1


async def test_infinities_of_both_signs_are_numbers(rig):
    """Their sum is none, which is how a NaN among many is noticed."""
    emit = await rig.serving()
    await emit(Columns((A, B), array("d", [float("inf"), float("-inf")]), array("q", [5, 5])))
    assert rig.samples() == [("a", 5, float("inf")), ("b", 5, float("-inf"))]
    assert not rig.engine.totals.refused


async def test_the_rest_of_an_emission_with_nan_stays_columns(rig):
    """A summary without observations has one in each push: the others are not looked at one by one."""
    emit = await rig.serving()
    series = [VALUE.series(f"s{n}") for n in range(64)]
    values = array("d", [float("nan") if n % 8 == 0 else n for n in range(64)])
    for turn in range(2):
        await emit(Columns(tuple(series), values, array("q", [turn] * 64)))
    first, second = rig.batches
    assert first.layout is second.layout
    assert [value for _, _, value in rig.samples()] == 2 * [n for n in range(64) if n % 8]
    assert rig.engine.totals.refused == {"nan": 16}


async def test_labels_and_limits_are_those_of_collections(rig):
    """The task's labels, the device's id, and what is refused under its name."""
    rig.engine.limits = RunLimits(series=2)
    rig.engine.identity = replace(rig.engine.identity)  # as after a reload
    task = replace(TASK, labels={"site": "one"})
    await rig.run(task)
    rig.batches.clear()
    await rig.plugin.emit([VALUE(n, f"{n}") for n in range(5)])
    assert [of for of, _, _ in rig.samples()] == ["0", "1"]
    assert dict(rig.batches[0].layout.rows[0].labels) == {
        "of": "0", "site": "one", "device_id": "device-t",
    }  # fmt: skip
    run = await rig.run(task)
    assert (run.samples, run.series) == (2, 2)
    assert "3 samples were left out" in run.error
    assert "label 'of' of value" in run.error


async def test_the_run_reports_what_came_since_the_last_one(rig):
    """Up, how many samples came, how many were kept, how many series were new."""
    emit = await rig.serving()
    await emit([VALUE(1, "a"), VALUE(float("nan"), "b")])
    await emit([VALUE(2, "a")])
    rig.batches.clear()
    run = await rig.run(TASK)
    told = rig.take()
    assert (run.up, run.samples, run.error) == (True, 2, "")
    names = (
        "up",
        "scrape_samples_scraped",
        "scrape_samples_post_metric_relabeling",
        "scrape_series_added",
    )
    assert [told[name] for name in names] == [1, 3, 2, 1]
    assert (await rig.run(TASK)).samples == 0


async def test_what_the_buffer_refuses_is_told_to_the_sender(rig):
    """And counted: a sender that keeps it may try again."""
    emit = await rig.serving()
    rig.answer = "refused"
    with pytest.raises(BufferRefused, match="2 samples were not taken: the buffer is full"):
        await emit([VALUE(1, "a"), VALUE(2, "b")])
    assert rig.engine.totals.refused == {"buffer": 2}
    assert (await rig.run(TASK)).samples == 0


async def test_several_emit_at_once_within_bounds():
    """While the buffer is slow, so many samples are on their way as one emission may have, and no more."""
    rig = ReceiverRig(Listener(), limits=RunLimits(samples=10))
    emit = await rig.serving()
    rig.open.clear()
    emitting = [asyncio.ensure_future(emit([VALUE(n, f"{n}")] * 1)) for n in range(25)]
    await rounds()
    assert sum(batch.samples for batch in rig.batches) == 0
    assert len(rig.plugin.emit._going) == 10
    rig.open.set()
    await asyncio.gather(*emitting)
    assert sorted(int(of) for of, _, _ in rig.samples()) == [*range(25)]
    await rig.receivers.end()


async def test_who_stops_waiting_does_not_stop_an_emission_half_way(rig):
    """A connection that breaks: what was sealed is in the buffer, and counted as such."""
    emit = await rig.serving()
    rig.open.clear()
    emitting = asyncio.ensure_future(emit([VALUE(1, "a")]))
    await rounds()
    emitting.cancel()
    await rounds()
    rig.open.set()
    await rounds()
    assert len(rig.samples()) == 1
    assert (await rig.run(TASK)).samples == 1


async def test_emit_after_the_stop_raises_at_once(rig):
    """Whoever still has it, such as a connection that goes on, cannot lose anything with it."""
    emit = await rig.serving()
    await rig.receivers.end()
    rig.batches.clear()
    with pytest.raises(ReceiverStopped, match="task 't' takes nothing any more"):
        await emit([VALUE(1, "a")])
    assert rig.batches == []


async def test_what_was_emitted_is_accepted_before_the_stop_ends(rig):
    """In flight when the agent stops: the stop waits for the buffer."""
    emit = await rig.serving()
    rig.open.clear()
    emitting = asyncio.ensure_future(emit([VALUE(1, "a")]))
    await rounds()
    stopping = asyncio.ensure_future(rig.receivers.end())
    await rounds()
    assert not stopping.done()
    rig.open.set()
    await stopping
    await emitting
    assert len(rig.samples()) == 1


async def test_ten_million_samples(rig):
    """Refused by name and counted; neither the loop nor the memory is held, whatever form they have."""
    emit = await rig.serving()
    rig.engine.limits = RunLimits(samples=100_000)
    turns = 0

    async def others():
        nonlocal turns
        for turns in count():  # noqa: B007 (it counts)
            await asyncio.sleep(0)

    beside = asyncio.ensure_future(others())
    drawn = 0

    def endless():
        nonlocal drawn
        for drawn in range(1, 10_000_001):  # noqa: B007 (it counts)
            yield VALUE(1, "a")

    with pytest.raises(EmissionTooLarge) as refusal:
        await emit(endless())
    assert refusal.value.limit == 100_000
    assert drawn <= 101_000
    assert turns >= 50
    table = Columns((A,) * 10_000_000, array("d", [1.0]) * 10_000_000)
    with pytest.raises(EmissionTooLarge, match="10,000,000 samples or more; 100,000 are allowed"):
        await emit(table)
    beside.cancel()
    assert rig.batches == []
    assert rig.engine.totals.refused == {"sample_limit": 10_000_000 + drawn}


async def test_a_large_emission_is_taken_in_portions(rig):
    """Up to the limit all of it is taken, while others have the loop, in commits of a bearable size."""
    emit = await rig.serving()
    sizes = []
    accept = rig.accept

    async def seen(batches):
        sizes.append(sum(len(batch) for batch in batches))
        return await accept(batches)

    rig.plugin.emit._accept = seen
    many = Metric("many", labels=("n",))
    series = tuple(many.series(str(n % 3000)) for n in range(3 * TOGETHER))
    await emit(Columns(series, array("d", range(len(series)))))
    assert sum(sizes) == len(series)
    assert max(sizes) < TOGETHER + 1000


@pytest.mark.parametrize("wrong", [None, 5, VALUE(1, "a"), {"a": 1.0}, "a", b"a"])
async def test_what_is_no_record_is_named(rig, wrong):
    """A forgotten list is told in words."""
    emit = await rig.serving()
    with pytest.raises(
        TypeError, match=f"emit\\(\\) was given {type(wrong).__name__}; give samples"
    ):
        await emit(wrong)


async def test_a_sample_that_is_none_costs_itself_alone(rig):
    """As in a collection."""
    emit = await rig.serving()
    await emit([VALUE(1, "a"), "rubbish", VALUE("text", "b"), VALUE(2, "b", ts=-1)])
    assert [of for of, _, _ in rig.samples()] == ["a"]
    assert rig.engine.totals.refused == {"not_a_sample": 1, "not_a_number": 1, "bad_timestamp": 1}


async def test_processors_have_what_is_emitted(rig):
    """Those of now: a reload counts for the next emission, whatever the task's interval is. What a stale
    marker ends is what a processor lets through.
    """
    emit = await rig.serving()
    await emit([VALUE(1, "a"), VALUE(2, "b")])
    drop = Without(ProcessorConfig())
    rig.engine.reconfigure(
        identity=rig.engine.identity, processors=[drop], limits=rig.engine.limits
    )
    await emit([VALUE(3, "a"), VALUE(4, "b")])
    now = 1_700_000_000_000
    await emit(Columns((A, B), array("d", [STALE, STALE]), array("q", [now, now + 1])))
    assert [(of, value) for of, _, value in rig.samples()] == [
        ("a", 1), ("b", 2), ("b", 4), ("b", "stale"),
    ]  # fmt: skip
    assert rig.samples()[-1][1] == now + 1
    assert (await rig.run(TASK)).samples == 3


class Without(Processor[ProcessorConfig]):
    """Leaves out what is called a."""

    name = "without"

    def plan(self, layout):
        return [None if dict(row.labels).get("of") == "a" else row for row in layout.rows]
