"""Processors of one output: what they leave out is counted under their names, once."""

from __future__ import annotations

from array import array

import pytest

from orbital_runtime_testing.stateless import Doubled, Only, Prefix, Sieve
from orbital_sdk import NotWritten, Processor, ProcessorConfig, Refusal, WriterUnavailable
from orbital_sdk.testing import make_batch


def names(line):
    return [record.name for record in line.writer.records]


async def test_what_is_left_out_is_counted_by_name(lines):
    """Accepted = delivered + waiting + dead letters + dropped, and the reason names the processor."""
    line = lines(processors=[Only("metric_1"), Prefix("x_")])
    await line.put(make_batch(3), make_batch(3, ts=2))
    await line.settled()
    assert names(line) == ["x_metric_1", "x_metric_1"]
    assert line.account.dropped == {"processor:only": 4}
    assert (line.account.accepted, line.account.delivered, line.account.waiting) == (6, 2, 0)
    assert line.status.sent_samples == 2


async def test_a_batch_of_which_nothing_is_left_makes_no_request(lines):
    """It is done with at once."""
    line = lines(processors=[Only("nothing")])
    await line.put(make_batch(3))
    await line.settled()
    assert line.writer.calls == []
    assert line.account.dropped == {"processor:only": 3}


async def test_a_batch_that_comes_again_counts_once(lines):
    """However many attempts there were."""
    line = lines(processors=[Only("metric_0")])
    line.writer.then(WriterUnavailable("down"), WriterUnavailable("down"))
    await line.put(make_batch(2))
    await line.settled()
    assert (line.account.delivered, line.account.dropped) == (1, {"processor:only": 1})


async def test_a_dead_letter_is_the_sample_as_it_was_accepted(lines):
    """A replay passes the processors again, so the letter has the row of before."""
    line = lines(processors=[Only("metric_1", "metric_2"), Prefix("x_")])
    line.writer.reject(lambda record: record.name == "x_metric_2")
    await line.put(make_batch(3))
    await line.settled()
    (letter,) = await line.letters.list()
    assert (letter.row.name, letter.value) == ("metric_2", 2.0)
    assert (line.account.dead_lettered, line.account.delivered) == (1, 1)
    assert line.account.dropped == {"processor:only": 1}


async def test_steps_may_leave_out_values(lines):
    """NaN is not a sample, here too; other rows keep their places for dead letters."""
    line = lines(processors=[Sieve(above=0.5), Doubled()])
    line.writer.reject(lambda record: record.value == 4.0)
    await line.put(make_batch([0.0, 1.0, 2.0]))
    await line.settled()
    assert [record.value for record in line.writer.records] == [2.0]
    (letter,) = await line.letters.list()
    assert (letter.row.name, letter.value) == ("metric_2", 2.0)
    assert line.account.dropped == {"processor:sieve": 1}


async def test_too_large_requests_are_cut_behind_the_processors(lines):
    """What was left out takes no room."""
    line = lines(batch_size=6, processors=[Only("metric_0", "metric_1")])
    line.writer.then(NotWritten("413", Refusal.TOO_LARGE))
    await line.put(*(make_batch(3, ts=ts) for ts in range(2)))
    await line.settled()
    assert (line.account.delivered, line.account.dropped.total()) == (4, 2)


async def test_stale_markers_end_the_series_under_its_name_there(lines):
    """And those of series that are left out do not go out."""
    line = lines(processors=[Only("metric_1"), Prefix("x_")])
    await line.put(make_batch(2), make_batch(2, ts=2, stale=True))
    await line.settled()
    assert [(r.name, r.stale) for r in line.writer.records] == [
        ("x_metric_1", False), ("x_metric_1", True),
    ]  # fmt: skip
    assert line.account.dropped == {"processor:only": 1}


class Failing(Processor[ProcessorConfig]):
    name = "failing"
    stateless = True

    def plan(self, layout):
        raise RuntimeError("no table")


class Adding(Processor[ProcessorConfig]):
    name = "adding"
    stateless = True

    def plan(self, layout):
        from orbital_sdk import Plan, Row

        return Plan([*layout.rows, Row("new", {})], lambda batch: [*batch.values, 1.0])


@pytest.mark.parametrize("bad", [Failing, Adding])
async def test_what_fails_is_lost_and_counted(lines, bad, caplog):
    """Never passed on as it is; the output goes on."""
    line = lines(processors=[bad(ProcessorConfig())])
    await line.put(make_batch(3))
    await line.settled()
    assert line.writer.calls == []
    assert line.account.dropped == {f"failed:{bad.name}": 3}
    assert bad.name in caplog.text


async def test_a_layout_that_nothing_changes_is_the_same_one(lines):
    """So that what a writer keeps with it is found again."""
    line = lines(processors=[Only("metric_0", "metric_1")])
    batch = make_batch(2)
    await line.put(batch)
    await line.settled()
    assert line.writer.calls[0].batches[0].layout.rows == batch.layout.rows
    assert array("d", line.writer.calls[0].batches[0].values) == batch.values
