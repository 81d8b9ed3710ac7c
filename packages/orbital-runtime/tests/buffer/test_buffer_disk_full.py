"""A stop while the disk takes nothing: what memory held for it is not lost."""

from __future__ import annotations

import pytest

from orbital_runtime.buffer import DiskBuffer, Limits
from orbital_runtime.buffer.disk.space import BALLAST
from orbital_runtime.clock import ManualClock
from orbital_runtime.testing.buffer.tools import balanced, take
from orbital_sdk.testing import make_batch

UNLIMITED = Limits(samples=None, size=None)


@pytest.fixture
def disk(mount_disk):
    """A disk with room for the ballast and a little more."""
    return mount_disk(3 * BALLAST)


async def opened(folder, **more):
    buffer = DiskBuffer(folder / "buffer", UNLIMITED, ManualClock(), **more)
    await buffer.open()
    buffer.attach("a")
    return buffer


async def times(buffer):
    chunk = await take(buffer, "a")
    return [entry.batch.ts for entry in chunk.entries]


def fill(folder):
    """Take all the room that is left."""
    with (folder / "others").open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            return


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


async def test_what_no_disk_takes_is_lost_by_number(disk, caplog):
    """Not even the ballast is there: one line says how many samples that costs, and the ledger why."""
    buffer = await opened(disk, min_free=0)
    fill(disk)
    for ts in range(3):
        await buffer.append([make_batch([float(i) / 7 for i in range(2000)], ts=ts)])
    await buffer.close()
    assert caplog.text.count("6000 samples never got to the disk and are lost") == 1
    assert buffer.ledger.account("a").dropped == {"stopped": 6000}
    balanced(buffer)
