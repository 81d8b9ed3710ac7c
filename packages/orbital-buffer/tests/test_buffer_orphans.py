"""Outputs that are not configured any more: kept over restarts, resumed, dropped by hand or by age."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager

import pytest

from orbital_buffer.buffer import disk_buffer, memory_buffer
from orbital_buffer.inspection.sources.directory import Directory
from orbital_runtime.clock import ManualClock
from orbital_runtime_testing.buffer.tools import UNLIMITED, balanced, take
from orbital_sdk.testing import make_batch

DAY = 86_400
WEEK = 7 * DAY
HOUR_MS = 3_600_000


@asynccontextmanager
async def disk(path, clock, *attached):
    buffer = disk_buffer(path, UNLIMITED, clock)
    await buffer.open()
    for output in attached:
        buffer.attach(output)
    try:
        yield buffer
        balanced(buffer)
    finally:
        await buffer.close()


@asynccontextmanager
async def memory(_, clock, *attached):
    buffer = memory_buffer(UNLIMITED, clock)
    for output in attached:
        buffer.attach(output)
    try:
        yield buffer
        balanced(buffer)
    finally:
        await buffer.close()


both = pytest.mark.parametrize("opened", [memory, disk], ids=["memory", "disk"])


async def fill(buffer, clock, count=10):
    """Batches of three samples, an hour between two."""
    for _ in range(count):
        await buffer.append([make_batch([1.0, 2.0, 3.0], ts=clock.utc_ms())])
        clock.advance(3600)


@both
async def test_dropping_by_age_and_by_hand(opened, tmp_path):
    """Only what is older goes, only for this output, under `removed`; the rest is delivered as before."""
    clock = ManualClock()
    async with opened(tmp_path / "b", clock, "old", "other") as buffer:
        await fill(buffer, clock)
        before = clock.utc_ms() - 4 * HOUR_MS
        assert buffer.removable("old", before_ms=before) == 18
        assert await buffer.remove("old", before_ms=before) == 18
        assert (buffer.waiting("old"), buffer.waiting("other")) == (12, 30)
        assert buffer.ledger.account("old").dropped == {"removed": 18}
        assert (await take(buffer, "old")).samples == 12
        assert await buffer.remove("old") == 12
        assert "old" in buffer.outputs(), "it is configured, and gets what comes"
        await fill(buffer, clock, 1)
        assert buffer.waiting("old") == 3


@both
async def test_what_is_in_flight_is_counted_once(opened, tmp_path):
    """Dropped by hand while a request is under way: its acknowledgement does not count again."""
    clock = ManualClock()
    async with opened(tmp_path / "b", clock, "a") as buffer:
        await fill(buffer, clock)
        chunk = await take(buffer, "a")
        assert await buffer.remove("a") == 30
        await buffer.acknowledge(chunk)
        account = buffer.ledger.account("a")
        assert (account.delivered, account.dropped["removed"]) == (0, 30)


@both
async def test_an_orphan_that_was_emptied_is_forgotten(opened, tmp_path):
    """Nothing is left of it but its counts."""
    clock = ManualClock()
    async with opened(tmp_path / "b", clock, "old", "other") as buffer:
        await fill(buffer, clock)
        buffer.orphan("old")
        assert buffer.orphans() == {"old": clock.utc_ms()}
        assert await buffer.remove("old") == 30
        assert set(buffer.outputs()) == {"other"}
        states = {book.name: book.state for book in buffer.inspection.books().outputs}
        assert states == {"old": "removed", "other": "attached"}


@both
async def test_an_orphan_ages_out(opened, tmp_path, caplog):
    """After its age all of it is dropped under `orphaned`, said once; an attached output never is."""
    clock = ManualClock()
    async with opened(tmp_path / "b", clock, "old", "other") as buffer:
        await fill(buffer, clock)
        buffer.orphan("old")
        for _ in range(7):
            buffer.expire_orphans(WEEK)
            assert buffer.waiting("old") == 30
            clock.advance(DAY)
        clock.advance(1)
        with caplog.at_level(logging.WARNING):
            buffer.expire_orphans(WEEK)
            buffer.expire_orphans(WEEK)
        (said,) = (r.getMessage() for r in caplog.records if "orphaned" in r.getMessage())
        assert said.startswith("output old has not been configured for 7d: 30 samples")
        assert buffer.ledger.account("old").dropped == {"orphaned": 30}
        assert buffer.waiting("other") == 30


async def test_an_orphan_outlives_restarts_with_its_age(tmp_path):
    """Restarts do not make it younger, and being configured again makes it none."""
    clock = ManualClock()
    async with disk(tmp_path / "b", clock, "old", "other") as buffer:
        await fill(buffer, clock)
        buffer.orphan("old")
        since = clock.utc_ms()
    clock.advance(6 * DAY)
    async with disk(tmp_path / "b", clock, "other") as buffer:
        assert buffer.orphans() == {"old": since}
        buffer.expire_orphans(WEEK)
        await fill(buffer, clock, 1)
    with Directory(tmp_path / "b", UNLIMITED) as directory:
        (book,) = (b for b in directory.books().outputs if b.name == "old")
        assert (book.state, book.waiting, book.orphaned_ms) == ("orphaned", 30, since)
    clock.advance(2 * DAY)
    async with disk(tmp_path / "b", clock, "other", "old") as buffer:
        buffer.expire_orphans(WEEK)
        assert buffer.orphans() == {}
        assert (await take(buffer, "old")).samples == 30


@both
async def test_a_clock_that_was_not_set_yet_makes_no_orphan_old(opened, tmp_path):
    """The machine began in 1970, and NTP put that right: the age counts from then on."""
    clock = ManualClock(now=0)
    async with opened(tmp_path / "b", clock, "old", "other") as buffer:
        await fill(buffer, clock)
        buffer.orphan("old")
        buffer.expire_orphans(WEEK)
        clock.advance(56 * 365 * DAY)
        buffer.expire_orphans(WEEK)
        assert buffer.waiting("old") == 30
        clock.advance(WEEK + 1)
        buffer.expire_orphans(WEEK)
        assert buffer.waiting("old") == 0


async def test_one_that_was_taken_out_while_the_agent_was_stopped(tmp_path):
    """Nobody saw it go: its age begins with the first look, however long the agent was away."""
    clock = ManualClock()
    async with disk(tmp_path / "b", clock, "old", "other") as buffer:
        await fill(buffer, clock)
    clock.advance(30 * DAY)
    async with disk(tmp_path / "b", clock, "other") as buffer:
        buffer.expire_orphans(WEEK)
        seen = clock.utc_ms()
        assert buffer.orphans() == {"old": seen}
        await fill(buffer, clock, 1)
    clock.advance(8 * DAY)
    async with disk(tmp_path / "b", clock, "other") as buffer:
        assert buffer.orphans() == {"old": seen}
        buffer.expire_orphans(WEEK)
        clock.advance(3600)  # until then it could be the clock that is wrong
        buffer.expire_orphans(WEEK)
        assert buffer.ledger.account("old").dropped == {"orphaned": 30}


@both
async def test_pages_hold_everything_once(opened, tmp_path):
    """Page by page every batch comes once, with the layouts that it needs."""
    clock = ManualClock()
    async with opened(tmp_path / "b", clock, "a") as buffer:
        for _ in range(1200):
            await buffer.append([make_batch([1.0, 2.0], ts=clock.utc_ms())])
        seen, start, pages = [], 0, 0
        while start is not None:
            page = await buffer.inspection.page(start)
            pages += 1
            seen += [seq for stored in page.records for seq in range(stored.first, stored.stop)]
            for stored in page.records:
                (head,) = stored.opened().heads
                assert head.layout in (
                    await buffer.inspection.layouts(stored.segment, [head.layout, 10**6])
                )
                assert await buffer.inspection.layouts(1 << 40, [1 << 70]) == {}
            start = page.following
        assert pages > 1
        assert len(seen) == len(set(seen)) == 1200
        assert seen == sorted(seen)
