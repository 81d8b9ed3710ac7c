"""Small records are read many at a time: bounded, none twice, and damage costs no more for it."""

from __future__ import annotations

import random
from itertools import takewhile

import pytest

from orbital_buffer.format.stored import RECORD
from orbital_buffer.log.filling import AHEAD
from orbital_buffer.model.errors import BufferUnreadable
from orbital_buffer.store.rocks.port import PLAIN
from orbital_buffer.store.rocks.rocksdb import RocksStore, RocksStores
from orbital_runtime_testing.buffer.tools import PLENTY, balanced
from orbital_sdk.testing import make_batch, make_layout

ROWS = 10
RECORDS = 150
PART = 45 * ROWS
"""Samples of a chunk, which is a whole number of records."""


class WatchedStore(RocksStore):
    """Notes what is asked for, and does not give some of it now."""

    def __init__(self, path, how):
        super().__init__(path, how)
        self.calls = []
        self.withheld = set()

    def values(self, keys):
        given = list(takewhile(lambda key: key not in self.withheld, keys))
        if not given:
            raise OSError("IO error: not now")
        if given[0].startswith(RECORD):
            self.calls.append(given)
        return super().values(given)


class WatchedStores(RocksStores):
    def open(self, path, how=PLAIN):
        self.store = WatchedStore(path, how)
        return self.store


@pytest.fixture
def stores():
    return WatchedStores()


@pytest.fixture
async def filled(opened, stores):
    """A buffer that some small records wait in, one batch each."""
    buffer = await opened(stores=stores, sync="interval")
    buffer.attach("a")
    layout = make_layout(ROWS)
    for ts in range(RECORDS):
        await buffer.append([make_batch([float(ts)] * ROWS, ts=ts, layout=layout)])
    return buffer


async def drain(buffer, **limits):
    """The times of all batches that are left, and how many each chunk had."""
    times, lengths = [], []
    while chunk := await buffer.read("a", **{"samples": PART, "size": PLENTY, **limits}):
        times += [entry.batch.ts for entry in chunk.entries]
        lengths.append(len(chunk.entries))
        await buffer.acknowledge(chunk)
    return times, lengths


def asked(stores):
    return [key for call in stores.store.calls for key in call]


async def test_what_fits_a_chunk_is_read_in_one_call(filled, stores):
    """As many calls as chunks, and none reads what is not in its chunk."""
    times, lengths = await drain(filled)
    assert [len(call) for call in stores.store.calls] == lengths
    assert times == list(range(RECORDS))


@pytest.mark.parametrize("limits", [{"samples": 7 * ROWS + 3}, {"size": 13 * 8 * ROWS}])
async def test_nothing_is_read_twice(opened, stores, limits):
    """Also where a chunk ends before what was read for it: devices' own times take room that the books do not
    know of, and series that ended are not samples.
    """
    buffer = await opened(stores=stores, sync="interval")
    buffer.attach("a")
    layout = make_layout(ROWS)
    for ts in range(RECORDS):
        times = [ts] * ROWS if ts % 3 else None
        batch = make_batch([1.0] * ROWS, ts=ts, layout=layout, times=times, stale=ts % 5 == 0)
        await buffer.append([batch, batch])
    times, lengths = await drain(buffer, **limits)
    assert times == [ts for ts in range(RECORDS) for _ in range(2)]
    assert len(asked(stores)) == len(set(asked(stores))) == RECORDS
    assert len(stores.store.calls) <= len(lengths)


async def test_no_call_reads_more_than_its_bytes(opened, stores):
    """However large the chunk is that an output asks for; a record that is larger comes alone."""
    buffer = await opened(stores=stores, sync="interval")
    buffer.attach("a")
    dice, layout = random.Random(1), make_layout(AHEAD // 8 // 3)
    large = make_layout(AHEAD // 8 + 1)
    for use in [layout] * 7 + [large] * 2:
        await buffer.append([make_batch([dice.random() for _ in use.rows], layout=use)])
    _, lengths = await drain(buffer, samples=PLENTY)
    assert lengths == [9]
    assert sorted(map(len, stores.store.calls)) == [1, 1, 1, 2, 2, 2]


async def test_damage_costs_its_own_record(filled, stores):
    """In the middle of what is read in one call: the others are in the chunk, the books say what is not."""
    keys = [key for key, _ in stores.store.scan(RECORD)]
    stores.store.write([(keys[20], b"rubbish")], [(keys[30], keys[31])])
    times, _ = await drain(filled)
    assert times == [ts for ts in range(RECORDS) if ts not in (20, 30)]
    assert filled.ledger.account("a").dropped == {"quarantined": 2 * ROWS}
    balanced(filled)


async def test_what_the_disk_does_not_give_now_waits(filled, stores):
    """What was read before it goes out; the rest comes, without a loss, as soon as the disk gives it."""
    keys = [key for key, _ in stores.store.scan(RECORD)]
    stores.store.withheld = {keys[20]}
    chunk = await filled.read("a", samples=PART, size=PLENTY)
    assert [entry.batch.ts for entry in chunk.entries] == list(range(20))
    await filled.acknowledge(chunk)
    with pytest.raises(BufferUnreadable, match="not now"):
        await filled.read("a", samples=PART, size=PLENTY)
    stores.store.withheld = set()
    times, _ = await drain(filled)
    assert times == list(range(20, RECORDS))
    assert not any(filled.ledger.account("a").dropped.values())
    assert len(asked(stores)) == len(set(asked(stores)))
