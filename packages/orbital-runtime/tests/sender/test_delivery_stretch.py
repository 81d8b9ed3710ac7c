"""A long stretch of samples to which the answer is 500 for ever: they are set aside, and nothing else is."""

from __future__ import annotations

import pytest

from orbital_runtime.buffer import Entry
from orbital_runtime.sender.bisect import Isolation
from orbital_runtime.sender.repeats import SERIES
from orbital_sdk import WriterUnavailable
from orbital_sdk.testing import RecordingWriter, make_batch, make_origin

FAULT = "http://tsdb/write answered 500: label name is not unique"


def batches(count=20, *, rows=50, tasks=4):
    """Of several tasks by turns; the number is the time, and 3 is the bad one."""
    return [task_batch(ts, rows=rows, task=ts % tasks) for ts in range(1, count + 1)]


def task_batch(ts, *, rows=50, task):
    return make_batch(rows, ts=ts, origin=make_origin(task=f"task-{task}"))


def is_bad(batch, *, rows=range(1000)):
    return batch.ts == 3 and any(value in rows for value in batch.values)


class Fussy(RecordingWriter):
    """Answers 500 to any request with a bad row, and to all while it is down."""

    def __init__(self, *, old, down=range(0), rows=range(1000)):
        super().__init__()
        self.takes_old_samples = old
        self.down = down

        def step(batches, attempt):
            if len(self.calls) in self.down or any(is_bad(batch, rows=rows) for batch in batches):
                raise WriterUnavailable(FAULT)

        self.always(step)

    def in_order(self):
        """Whether each series came with rising times."""
        series = {}
        for record in self.records:
            series.setdefault((record.task, record.name), []).append(record.ts)
        return all(times == sorted(set(times)) for times in series.values())


def accounts(line):
    return line.account.delivered, line.account.dead_lettered


@pytest.mark.parametrize("old", [False, True], ids=["in order", "old samples too"])
async def test_the_whole_batch_of_one_task_is_set_aside(lines, old):
    """50 of 1,000 samples: about two answers for each of them, and the rest arrives once, each series in
    order.
    """
    line = lines(Fussy(old=old), retry_cap=0.001)
    await line.put(*batches())
    await line.settled()
    assert accounts(line) == (950, 50)
    assert {(letter.ts, letter.reason) for letter in line.letters.list()} == {(3, FAULT)}
    assert len(line.writer.calls) < SERIES + 200
    assert len(line.writer.records) == 950
    assert line.writer.in_order()


async def test_a_stretch_amid_one_batch_is_set_aside(lines):
    """Other rows of the same batch show that it is no outage."""
    line = lines(Fussy(old=False, rows=range(300, 350)), retry_cap=0.001)
    await line.put(task_batch(3, rows=1000, task=1))
    await line.settled()
    assert accounts(line) == (950, 50)
    assert {letter.value for letter in line.letters.list()} == {float(n) for n in range(300, 350)}


async def test_bad_samples_alone_wait_for_others(lines):
    """Nothing else is there that could pass: kept as in an outage, until another task's batch comes."""
    line = lines(Fussy(old=False), retry_cap=0.001)
    await line.put(task_batch(3, task=1))
    await line.writer.called(3 * SERIES)
    assert line.account.waiting == 50
    await line.put(task_batch(4, task=2))
    await line.settled()
    assert accounts(line) == (50, 50)


@pytest.mark.parametrize("old", [False, True], ids=["in order", "old samples too"])
@pytest.mark.parametrize("since", [2, 15, 40, 70, 130])
async def test_an_outage_that_begins_amid_the_search_loses_nothing(lines, since, old):
    """All is answered with the same words for a while: only the bad samples are set aside in the end."""
    line = lines(Fussy(old=old, down=range(since, since + 90)), retry_cap=0.001)
    await line.put(*batches())
    await line.settled()
    assert {letter.ts for letter in line.letters.list()} == {3}
    assert accounts(line) == (950, 50)


async def test_a_restart_amid_the_search_loses_nothing(lines):
    """What was found, and not settled yet, is found again."""
    line = lines(Fussy(old=False), retry_cap=0.001)
    await line.put(*batches())
    await line.writer.called(SERIES + 60)
    await line.restart()
    assert line.account.waiting
    await line.settled()
    assert accounts(line) == (950, 50)


async def test_more_bad_rows_than_requests_cost_no_other_batch():
    """What is left of the one batch is set aside whole, if it fails before and after others pass."""
    stored = 0

    async def send(batches, token):
        nonlocal stored
        if any(is_bad(batch) for batch in batches):
            raise WriterUnavailable(FAULT)
        stored += sum(map(len, batches))

    entries = [Entry(n, task_batch(n, rows=300, task=n)) for n in range(3, 7)]
    isolation = Isolation(entries, requests=64, suspect=FAULT)
    await isolation.run(send)
    assert stored == 900
    assert {(refused.seq, refused.row) for refused in isolation.refused} == {
        (3, n) for n in range(300)
    }


async def test_no_newer_sample_of_a_series_goes_first():
    """One task alone, and its older batch may only meet an outage: all of it is kept."""
    sent = []

    async def send(batches, token):
        sent.append([batch.ts for batch in batches])
        raise WriterUnavailable(FAULT)

    entries = [Entry(n, task_batch(n, task=1)) for n in (3, 4, 5)]
    isolation = Isolation(entries, suspect=FAULT)
    with pytest.raises(WriterUnavailable):
        await isolation.run(send)
    assert isolation.left == {3, 4, 5}
    assert isolation.refused == []
    assert all(request[0] == 3 for request in sent)
