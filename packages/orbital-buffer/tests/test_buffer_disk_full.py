"""A stop while the disk takes nothing: what memory held for it is not lost."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest

from orbital_buffer.buffer import disk_buffer
from orbital_buffer.model.limits import BufferLimits
from orbital_buffer.store.rocks.space import BALLAST
from orbital_runtime.clock import ManualClock
from orbital_runtime_testing.buffer.tools import balanced, noise, take
from orbital_sdk.testing import make_batch

UNLIMITED = BufferLimits(samples=None, size=None)


@pytest.fixture
def disk(mount_disk):
    """A disk with room for the ballast and a little more."""
    return mount_disk(3 * BALLAST)


async def opened(folder, **more):
    buffer = disk_buffer(folder / "buffer", UNLIMITED, ManualClock(), **more)
    await buffer.open()
    buffer.attach("a")
    return buffer


async def times(buffer):
    chunk = await take(buffer, "a")
    return [entry.batch.ts for entry in chunk.entries]


def fill(folder):
    """Take all the room that is left."""
    with (folder / "others").open("wb", buffering=0) as file:
        for size in (1 << 20, 4096):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue


async def test_a_stop_below_min_free_stores_what_memory_held(tmp_path):
    """What others shall find free is worth less to them than the samples are to us."""
    buffer = await opened(tmp_path, min_free=1 << 60)
    await buffer.append([make_batch(3, ts=1)])
    assert buffer.usage().unsaved
    await buffer.close()
    buffer = await opened(tmp_path)
    assert await times(buffer) == [1]
    balanced(buffer)
    await buffer.close()


async def test_a_stop_on_a_full_disk_stores_what_memory_held(disk, caplog):
    """The ballast is room enough for the last write, and RocksDB is opened anew to take it."""
    buffer = await opened(disk, min_free=BALLAST)
    await buffer.append([make_batch(3, ts=1)])
    fill(disk)
    count = 1
    while not buffer.usage().trouble:  # the last page of its log has room for some more counts
        await buffer.append([make_batch(3, ts=(count := count + 1))])
        assert count < 1000
    await buffer.close()
    assert "are lost" not in caplog.text
    (disk / "others").unlink()
    buffer = await opened(disk)
    assert await times(buffer) == [*range(1, count + 1)]
    balanced(buffer)
    await buffer.close()


async def test_a_stop_on_a_disk_that_was_seen_to_be_full_loses_nothing(disk, caplog):
    """The upkeep saw that there is no room before any write failed: the stop makes room all the same."""
    buffer = await opened(disk, min_free=BALLAST)
    fill(disk)
    await buffer.store.look(1)
    assert "min_free" in buffer.usage().trouble
    for ts in range(40):
        await buffer.append([make_batch([float(ts * i) / 7 for i in range(2000)], ts=ts)])
    assert buffer.usage().unsaved > 100_000
    await buffer.close()
    assert "are lost" not in caplog.text
    (disk / "others").unlink()
    buffer = await opened(disk)
    assert await times(buffer) == list(range(40))
    balanced(buffer)
    await buffer.close()


async def test_what_no_disk_takes_is_lost_by_number(disk, caplog):
    """Not even the ballast is there: one line says how many samples that costs, and the ledger why."""
    buffer = await opened(disk, min_free=0)
    fill(disk)
    for ts in range(3):
        await buffer.append([make_batch([float(i) / 7 for i in range(2000)], ts=ts)])
    await buffer.close()
    assert caplog.text.count("6000 samples were not written to the disk and are lost") == 1
    assert buffer.ledger.account("a").dropped == {"stopped": 6000}
    balanced(buffer)


def spoil(folder):
    """Flip a bit in the middle of the largest table; gives how large all of them are."""
    tables = sorted((folder / "buffer/db").glob("*.sst"), key=lambda file: file.stat().st_size)
    data = bytearray(tables[-1].read_bytes())
    data[len(data) // 2] ^= 1
    tables[-1].write_bytes(bytes(data))
    return sum(table.stat().st_size for table in tables)


async def test_one_flipped_bit_and_less_room_than_data_costs_one_block(disk):
    """There is no room for a copy: what is intact is delivered all the same, and the rest counted.

    As soon as there is room the database is rebuilt, and the damaged table alone is kept beside it.
    """
    buffer = await opened(disk, min_free=0)
    for start in range(0, 300, 5):
        await buffer.append([noise(2000, ts) for ts in range(start, start + 5)])
    await buffer.close()
    buffer = await opened(disk, min_free=0)  # the log is a table now
    await buffer.close()
    assert spoil(disk) > 2 << 20
    fill(disk)
    os.truncate(disk / "others", (disk / "others").stat().st_size - (2 << 20))
    buffer = await opened(disk, min_free=0)
    await buffer.append([make_batch(3, ts=1000)])
    seen = await times(buffer)
    assert (len(seen) > 280, seen[-1]) == (True, 1000)
    assert buffer.ledger.account("a").dropped == {"quarantined": 2000 * (301 - len(seen))}
    balanced(buffer)
    (disk / "others").unlink()
    buffer.store.database.deleted = (
        1 << 60
    )  # so much is deleted that RocksDB shall compact, and meets the damage
    with suppress(OSError):
        await buffer.store.look(10)
    await buffer.append([make_batch(3, ts=1001)])
    for turn in range(1, 9):
        await buffer.store.look(turn)
    assert not buffer.usage().trouble
    balanced(buffer)
    await buffer.close()
    kept = list((disk / "buffer/quarantine").rglob("*.sst"))
    assert [file.stat().st_nlink for file in kept] == [1], "the damaged table alone"
