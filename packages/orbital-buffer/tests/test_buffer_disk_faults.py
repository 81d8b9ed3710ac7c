"""What the disk buffer does when its disk, its files or its neighbours let it down."""

from __future__ import annotations

import asyncio
import json
import logging
from shutil import copytree, rmtree
from types import SimpleNamespace

import pytest

from orbital_buffer.model.limits import BufferLimits
from orbital_buffer.store.rocks.folder import Folder
from orbital_runtime.clock import ManualClock
from orbital_runtime.telemetry import health
from orbital_runtime_testing.buffer.tools import PLENTY, balanced, noise, refused, take
from orbital_sdk.testing import make_batch, make_layout

UNLIMITED = BufferLimits(samples=None, size=None)


async def crash(buffer, to):
    """What a power cut leaves: the files as they are now, under another name."""
    await buffer.store.commit()
    copytree(buffer.store.path, buffer.store.path.parent / to)


async def stamps(buffer, output="a"):
    """The times of all batches that wait, which name them here; they are put back."""
    chunk = await buffer.read(output, samples=PLENTY, size=PLENTY)
    if chunk is None:
        return []
    buffer.release(chunk)
    return [entry.batch.ts for entry in chunk.entries]


async def fill(buffer, count, *, rows=40, start=0):
    layout = make_layout(rows)
    for ts in range(start, start + count):
        values = [(ts * 7919 + i * 104729) / 977 for i in range(rows)]
        await buffer.append([make_batch(values, ts=ts, layout=layout)])


async def test_everything_comes_back_after_a_restart(opened):
    """Batches with labels and order, what was acknowledged, the ledger, orphans and accounts of the gone."""
    buffer = await opened()
    for output in ("a", "b", "gone"):
        buffer.attach(output)
    await buffer.append([make_batch([("m", {"x": "é"}, 1.5)], ts=1), make_batch(3, ts=2)])
    await buffer.append([make_batch(4, ts=3)])
    first = await buffer.read("a", samples=4, size=PLENTY)
    await buffer.acknowledge(first, letters=refused(first, 1), dropped={"filtered": 1})
    buffer.detach("gone")
    before = buffer.ledger.accounts()
    await buffer.close()
    buffer = await opened()
    assert buffer.ledger.accounts() == before
    assert before["gone"].dropped == {"removed": 8}
    assert set(buffer.outputs()) == {"a", "b"}
    assert await stamps(buffer, "a") == [3]
    assert await stamps(buffer, "b") == [1, 2, 3]
    chunk = await take(buffer, "b")
    assert chunk.entries[0].batch.layout.rows[0].labels[-1] == ("x", "é")
    balanced(buffer)
    buffer.attach("b")
    await buffer.append([make_batch(1, ts=4)])
    buffer.release(chunk)
    assert (await stamps(buffer, "a"), await stamps(buffer, "b")) == ([3], [1, 2, 3, 4])


async def test_acknowledged_means_durable(opened):
    """What `append` and `acknowledge` returned for is in the files at that moment, without a close."""
    buffer = await opened()
    buffer.attach("a")
    await fill(buffer, 5)
    chunk = await buffer.read("a", samples=80, size=PLENTY)
    await buffer.acknowledge(chunk)
    copytree(buffer.store.path, buffer.store.path.parent / "after")
    after = await opened("after")
    assert await stamps(after) == [2, 3, 4]
    assert after.ledger.account("a") == buffer.ledger.account("a")


async def test_numbers_are_never_given_twice(opened):
    """A crash takes what was not durable; its numbers, which name chunks for destinations, stay unused."""
    buffer = await opened()
    buffer.attach("a")
    copytree(buffer.store.path, buffer.store.path.parent / "before")
    await fill(buffer, 1)
    lost = await take(buffer, "a")
    after = await opened("before")
    after.attach("a")
    await fill(after, 1)
    assert (await take(after, "a")).token != lost.token


async def test_appends_share_one_write_with_acknowledgements(opened):
    """Whatever comes while a write is under way goes into the next one together."""
    buffer = await opened()
    for output in "abcd":
        buffer.attach(output)
    await fill(buffer, 1)
    chunks = [await take(buffer, output) for output in "abcd"]
    writes = []
    write = buffer.store.database.write
    buffer.store.database.write = lambda *a, **k: (writes.append(a), write(*a, **k))
    await asyncio.gather(fill(buffer, 1, start=1), *(buffer.acknowledge(chunk) for chunk in chunks))
    assert len(writes) <= 2


async def test_what_everyone_has_is_deleted(opened, tmp_path):
    """The database shrinks with what is acknowledged; layouts go with their segment."""
    buffer = await opened(limits=BufferLimits(samples=None, size=80_000))
    buffer.attach("a")
    await fill(buffer, 200)
    while chunk := await buffer.read("a", samples=400, size=PLENTY):
        await buffer.acknowledge(chunk)
    await buffer.close()
    database = Folder(tmp_path / "buffer")
    from orbital_buffer.store.rocks.rocksdb import RocksStore

    store = RocksStore(database.database)
    try:
        left = {kind: len(list(store.scan(kind))) for kind in (b"r", b"i", b"l")}
    finally:
        store.close()
    assert (left[b"r"], left[b"i"]) == (0, 0)
    assert left[b"l"] <= 1


async def test_a_cancelled_append_leaves_no_trace(opened):
    """It is in nobody's account, before and after a restart, and the next one is not disturbed."""
    buffer = await opened()
    buffer.attach("a")
    for turns in range(6):
        task = asyncio.ensure_future(buffer.append([make_batch(3, ts=100 + turns)]))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        await fill(buffer, 1, start=turns)
    done = [ts for ts in await stamps(buffer) if ts < 100]
    assert done == list(range(6))
    before = await stamps(buffer)
    balanced(buffer)
    await buffer.close()
    again = await opened()
    assert await stamps(again) == before
    balanced(again)


async def test_age_goes_on_counting_over_a_restart(opened):
    """What grew too old while the agent was down is dropped at the first look, under `age`."""
    clock = ManualClock()
    limits = BufferLimits(samples=None, size=None, age=60.0)
    buffer = await opened(limits=limits, clock=clock)
    buffer.attach("a")
    await fill(buffer, 2)
    await buffer.close()
    clock.advance(61)
    again = await opened(limits=limits, clock=clock)
    assert again.usage().samples == 0
    assert again.ledger.account("a").dropped == {"age": 80}
    balanced(again)


async def test_a_damaged_record_is_set_aside(opened, tmp_path, caplog):
    """Its bytes and the reason are kept, its samples counted by output; the rest goes on."""
    buffer = await opened()
    buffer.attach("a")
    buffer.attach("b")
    await fill(buffer, 3)
    first = buffer.store.index.records[1].first
    key = b"r" + first.to_bytes(8, "big")
    spoilt = bytearray(buffer.store.database.get(key))
    spoilt[-1] ^= 1
    buffer.store.database.write([(key, bytes(spoilt))], [])
    assert await stamps(buffer) == [0, 2]
    for output in "ab":
        assert buffer.ledger.account(output).dropped == {"quarantined": 40}
    await buffer.store.threads.run(lambda: None)  # what was asked for before is done
    (record,) = (tmp_path / "buffer/quarantine").glob("*.record")
    assert record.read_bytes() == bytes(spoilt)
    why = json.loads(record.with_suffix(".json").read_text())
    assert (why["reason"], why["samples"], why["outputs"]) == ("wrong checksum", 40, ["a", "b"])
    balanced(buffer)
    await buffer.close()
    again = await opened()
    assert again.ledger.account("a").dropped == {"quarantined": 40}
    assert await stamps(again) == [0, 2]


async def test_a_damaged_layout_costs_its_batches(opened):
    """Those of that layout in that segment, and no others."""
    buffer = await opened()
    buffer.attach("a")
    await buffer.append([make_batch(2, ts=1), make_batch(3, ts=2)])
    await buffer.append([make_batch(4, ts=3)])
    await buffer.close()
    buffer = await opened()
    buffer.store.database.write([(b"l" + bytes((0, 0, 0, 1, 0, 0, 0, 1)), b"rubbish")], [])
    assert await stamps(buffer) == [1, 3]
    assert buffer.ledger.account("a").dropped == {"quarantined": 3}
    balanced(buffer)


async def test_a_failing_disk_is_bridged_in_memory(opened, caplog):
    """Samples wait in memory within bounds, by policy; what was collected goes to the disk when it can."""
    buffer = await opened(memory=20_000)
    buffer.attach("a")
    await fill(buffer, 2)
    write = buffer.store.database.write

    def refuse(*_, **__):
        raise OSError("No space left on device")

    buffer.store.database.write = refuse
    with caplog.at_level(logging.INFO):
        await fill(buffer, 20, start=2)
        assert await stamps(buffer) == list(range(22))
        usage = buffer.usage()
        assert usage.unsaved > 0
        assert "No space left" in usage.trouble
        sources = SimpleNamespace(
            buffer=buffer, scheduler=SimpleNamespace(pressure=SimpleNamespace(high_water=0.8))
        )
        assert next(health._buffer(sources)).reason == "buffer_unsaved"
        await fill(buffer, 100, start=22)
        assert buffer.usage().unsaved <= 20_000
        assert buffer.ledger.account("a").dropped["full"] > 0
        balanced(buffer)
        kept = await stamps(buffer)
        assert kept[:2] == [0, 1]
        assert kept[-1] == 121
        buffer.store.database.write = write
        await buffer.store.look(1)
        await buffer.store.look(2)
    assert buffer.usage().trouble == ""
    assert "cannot be written: new samples wait in memory" in caplog.text
    assert "accepts samples again" in caplog.text
    await crash(buffer, "after")
    after = await opened("after")
    assert await stamps(after) == kept
    assert after.ledger.account("a") == buffer.ledger.account("a")


async def test_drop_newest_refuses_when_memory_is_full_too(opened):
    """With `drop_newest` what came first stays, also in the memory that bridges a failing disk."""
    from orbital_buffer.model.errors import BufferFull

    buffer = await opened(
        limits=BufferLimits(None, None, policy="drop_newest"), memory=5_000, retry=0.0
    )
    buffer.attach("a")

    def refuse(*_, **__):
        raise OSError("gone")

    buffer.store.database.write = refuse
    with pytest.raises(BufferFull):
        await fill(buffer, 100)
    kept = await stamps(buffer)
    assert kept == list(range(len(kept)))
    assert buffer.ledger.account("a").dropped == {"refused": 40}
    balanced(buffer)
    buffer.store.database.write = lambda *_, **__: None


async def test_a_crash_while_memory_bridged_is_counted(opened):
    """Below `min_free` records stay in memory and counts go to the disk: a crash loses them by name."""
    buffer = await opened()
    buffer.attach("a")
    await fill(buffer, 2)
    buffer.store.database.short = lambda: "no room"
    await buffer.store.settle()
    await fill(buffer, 3, start=2)
    assert buffer.usage().unsaved > 0
    await crash(buffer, "after")
    after = await opened("after")
    assert await stamps(after) == [0, 1]
    assert after.ledger.account("a").dropped == {"unsaved": 120}
    balanced(after)


async def test_a_database_that_opens_empty_is_noticed(opened, tmp_path, caplog):
    """A folder emptied behind our back is not a fresh start: its loss is counted, and said."""
    buffer = await opened()
    buffer.attach("a")
    await fill(buffer, 3)
    await buffer.close()
    rmtree(tmp_path / "buffer/db")
    again = await opened()
    assert again.ledger.account("a").dropped == {"quarantined": 120}
    balanced(again)
    again.attach("a")
    await fill(again, 1, start=9)
    assert await stamps(again) == [9]
    assert "the buffer's database is damaged: its folder is gone" in caplog.text


async def test_drop_oldest_holds_over_a_restart(opened):
    """A smaller limit after a restart drops the oldest at the next append."""
    buffer = await opened()
    buffer.attach("a")
    await fill(buffer, 10)
    await buffer.close()
    again = await opened(limits=BufferLimits(samples=120, size=None))
    again.attach("a")
    await fill(again, 1, start=10)
    assert await stamps(again) == [8, 9, 10]
    balanced(again)


async def test_sync_interval_survives_a_crash_of_the_process(opened):
    """With `sync: interval` the system has what was accepted, and the disk soon after."""
    buffer = await opened(sync="interval", sync_interval=0.05)
    buffer.attach("a")
    await fill(buffer, 5)
    copytree(buffer.store.path, buffer.store.path.parent / "after")
    assert await stamps(await opened("after")) == list(range(5))


async def test_layouts_take_no_more_than_their_share(opened):
    """Ever new series in a small buffer: segments roll, and old layouts make room."""
    buffer = await opened(limits=BufferLimits(samples=None, size=20_000))
    buffer.attach("a")
    for turn in range(100):
        await buffer.append([make_batch({f"metric_{turn}_{i}": 1.0 for i in range(20)}, ts=turn)])
        assert buffer.usage().size <= 20_000
    assert len(await stamps(buffer)) > 5


async def test_noise_comes_back_bit_by_bit(opened):
    """Values that do not compress are stored and read as they were, over a restart."""
    buffer = await opened()
    buffer.attach("a")
    batches = [noise(50, seed) for seed in range(20)]
    await buffer.append(batches)
    await buffer.close()
    chunk = await take(await opened(), "a")
    assert [e.batch.values for e in chunk.entries] == [b.values for b in batches]
