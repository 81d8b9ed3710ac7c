"""A stretch of backlog is cut by task: every batch once, each series in order, and again as it was."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_buffer.model.chunk import Chunk, Entry, Unsent
from orbital_runtime.sender.lanes.backlog import joined, requests, stretch
from orbital_runtime.sender.refusals.groups import name
from orbital_sdk import NotWritten, Refusal, WriterUnavailable, Written
from orbital_sdk.testing import make_batch, make_layout, make_origin

TASKS = "abc"
LAYOUTS = {task: make_layout(2, origin=make_origin(task=task)) for task in TASKS}
WIDE = 1 << 40


def poll(task, ts):
    return make_batch([float(ts), 0.0], ts=ts, layout=LAYOUTS[task])


@given(
    tasks=st.lists(st.sampled_from(TASKS), min_size=1, max_size=40),
    holes=st.sets(st.integers(0, 40)),
    samples=st.integers(1, 12),
    size=st.integers(8, 200),
)
def test_each_batch_goes_once_and_in_order(tasks, holes, samples, size):
    """Whatever waits and however small requests must be; and what is left is cut as it was before."""
    entries = tuple(
        Entry(seq, poll(task, seq)) for seq, task in enumerate(tasks, 1) if seq not in holes
    )
    stretched = Chunk("out", entries, 2 * len(entries))
    cut = requests(stretched, samples, size)
    assert joined(cut) == list(entries)
    for task in TASKS:
        sent = [e.seq for c in cut for e in c.entries if e.batch.layout is LAYOUTS[task]]
        assert sent == sorted(sent)
    for chunk in cut:
        rows = sum(len(entry.batch) for entry in chunk.entries)
        assert len(chunk.entries) == 1 or (rows <= samples and rows * 8 <= size)
        assert chunk.samples == rows
        assert [e.seq for e in chunk.entries] == sorted(e.seq for e in chunk.entries)
    for done in range(len(cut)):
        left = Chunk("out", tuple(joined(cut[done:])), 0)
        assert requests(left, samples, size) == cut[done:]


@given(one=st.sets(st.integers(1, 60), min_size=1), two=st.sets(st.integers(1, 60), min_size=1))
def test_two_requests_never_share_a_name(one, two):
    """Destinations drop what has the name of something that they have: other batches, other name."""
    assert (name(sorted(one)) == name(sorted(two))) == (one == two)


def test_a_stretch_is_bounded():
    """In requests, and in batches, which may become holes in a position."""
    assert stretch(Unsent(10**6, 241 * 10**6, 60), 6000) == 20 * 6000
    assert stretch(Unsent(10**6, 6 * 10**6, 60), 6000) == 6000
    assert stretch(Unsent(10**6, 20 * 10**6, 60), 6000) == 20_000
    assert stretch(Unsent(0, 0, 0), 6000) == 6000


async def backlog(lines, rounds=6, **policy):
    """A line with rounds of polls that have waited for an hour; its first request hangs."""
    line = lines(batch_size=6, retry_max_interval=0.001, **policy)
    line.writer.always(WriterUnavailable("down"))
    for ts in range(rounds):
        await line.put(*(poll(task, ts) for task in TASKS))
    await line.writer.called(3)
    line.clock.advance(3600)
    gate = line.writer.hang()
    await line.writer.called(len(line.writer.calls) + 1)
    line.writer.always(None)
    return line, gate


def sent(line):
    """(task, ts) of each batch, by request, as far as it was stored."""
    calls = [call for call in line.writer.calls if isinstance(call.answer, Written)]
    return [[(b.layout.origin.task, b.ts) for b in call.batches] for call in calls]


async def test_a_backlog_goes_by_task(lines):
    """Three polls of one task share a request that would have had one of each."""
    line, gate = await backlog(lines, rounds=7)
    gate.set()
    await line.settled()
    first, *rest = sent(line)
    assert first == [("a", 0), ("b", 0), ("c", 0)]
    assert rest == [
        [(task, ts) for ts in part] for task in TASKS for part in ((1, 2, 3), (4, 5, 6))
    ]
    assert line.account.delivered == 42
    assert line.buffer.usage().batches == 0


async def test_what_failed_comes_again_as_it_was_and_then_the_rest(lines):
    """In the middle of a stretch: the same batches under the same name, and nothing of it twice."""
    line, gate = await backlog(lines, rounds=7)
    line.writer.then(None, None, WriterUnavailable("reset"), WriterUnavailable("reset"))
    gate.set()
    await line.settled()
    tokens = [call.attempt.token for call in line.writer.calls[-9:]]
    assert len(set(tokens)) == 7
    assert tokens[3] == tokens[4] == tokens[5]
    assert [call.attempt.number for call in line.writer.calls[-9:-1]] == [4, 1, 1, 1, 2, 3, 1, 1]
    flat = [batch for request in sent(line) for batch in request]
    assert len(flat) == len(set(flat)) == 21
    assert line.account.delivered == 42


async def test_a_smaller_size_cuts_the_rest_anew(lines):
    """413 for a request of a stretch: what follows it is asked for in the size that was learned."""
    line, gate = await backlog(lines, rounds=7)

    def narrow(batches, attempt):
        return NotWritten("413", Refusal.TOO_LARGE) if sum(map(len, batches)) > 4 else None

    line.writer.always(narrow)
    gate.set()
    await line.settled()
    assert line.account.delivered == 42
    assert line.status.errors["too_large"] <= 3
    flat = [batch for request in sent(line) for batch in request]
    assert len(flat) == len(set(flat)) == 21


async def test_a_stop_puts_back_what_was_in_hand(lines):
    """All of the stretch waits again, in the order of the log, and is counted as waiting all the time."""
    line, gate = await backlog(lines)
    line.writer.hang()
    calls = len(line.writer.calls)
    gate.set()
    await line.writer.called(calls + 1)
    assert (line.status.waiting, line.status.backlog) == (30, 24)
    await line.delivery.stop()
    chunk = await line.buffer.read("out", samples=WIDE, size=WIDE)
    assert [entry.batch.ts for entry in chunk.entries] == [ts for ts in range(1, 6) for _ in TASKS]


def only_one(batches, attempt):
    """A destination that finds two batches too large."""
    return NotWritten("413", Refusal.TOO_LARGE) if len(batches) > 1 else None


def in_lanes(times, edge):
    """Whether what is older than the edge came in order, and what is newer did."""
    lanes = [ts for ts in times if ts < edge], [ts for ts in times if ts >= edge]
    return all(lane == sorted(lane) for lane in lanes)


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_fails_nothing_is_lost_or_doubled(lines, seed):
    """Any mix of failures in both lanes: every batch once, each task in order within its lane."""
    dice = random.Random(seed)
    line, gate = await backlog(lines, rounds=dice.randrange(5, 20), breaker_failures=10**6)
    errors = [WriterUnavailable("down", sent=False), only_one, None, None]
    line.writer.then(*dice.choices(errors, k=40))
    gate.set()
    for ts in range(1000, 1000 + dice.randrange(1, 12)):
        await line.put(*(poll(task, ts) for task in TASKS))
        await asyncio.sleep(dice.random() * 0.01)
    await line.settled()
    flat = [batch for request in sent(line) for batch in request]
    assert len(flat) == len(set(flat))
    assert 2 * len(flat) == line.account.delivered == line.account.accepted
    polls = [[ts for one, ts in flat if one == task] for task in TASKS]
    assert any(all(map(in_lanes, polls, [edge] * len(TASKS))) for edge in range(1000, 1013))
    assert line.buffer.usage().batches == 0
