"""Dead letters on disk: they outlive restarts and damage, and no start gives an id again."""

from __future__ import annotations

import struct

import pytest

from orbital_buffer.buffer import disk_buffer
from orbital_buffer.format.letter import id_text
from orbital_buffer.format.stored import letter_key
from orbital_buffer.model.letter_index import Wanted
from orbital_buffer.model.limits import BufferLimits, LetterLimits
from orbital_buffer.store.rocks.rocksdb import RocksStore
from orbital_runtime.clock import ManualClock
from orbital_runtime_testing.buffer.tools import PLENTY, balanced, refused
from orbital_sdk.testing import make_batch

UNLIMITED = BufferLimits(samples=None, size=None)


@pytest.fixture
async def opened(tmp_path):
    """Opens the folder's buffer, and closes it at the end."""
    buffers = []

    async def start(**limits):
        buffer = disk_buffer(
            tmp_path / "buffer", UNLIMITED, ManualClock(), letters=LetterLimits(**limits)
        )
        await buffer.open()
        buffer.attach("a")
        buffers.append(buffer)
        return buffer

    yield start
    for buffer in buffers:
        await buffer.close()


async def refuse(buffer, *values, reason="bad"):
    await buffer.append([make_batch(list(values))])
    chunk = await buffer.read("a", samples=PLENTY, size=PLENTY)
    await buffer.acknowledge(chunk, letters=refused(chunk, len(values), reason=reason))


async def test_letters_survive_a_restart_bit_by_bit(opened):
    """All of each, with counts of what became of others; new ones get ids that nobody had."""
    (odd,) = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))
    buffer = await opened()
    await refuse(buffer, odd, 1.5, 2.5, 3.5)
    await buffer.dead_letters.purge(Wanted(limit=2))
    await refuse(buffer, odd)
    before = await buffer.dead_letters.list()
    account = buffer.ledger.account("a")
    await buffer.close()
    buffer = await opened()
    after = await buffer.dead_letters.list()
    assert [whole(letter) for letter in after] == [whole(letter) for letter in before]
    assert struct.pack("<d", after[0].value) == struct.pack("<Q", 0x7FF0000000000002)
    assert buffer.ledger.account("a") == account
    await refuse(buffer, 9.0)
    assert (await buffer.dead_letters.list())[0].id > before[0].id
    assert [id_text(x.id) for x in await buffer.dead_letters.list()] == ["2-1", "1-5", "1-4", "1-3"]


def whole(letter):
    bits = struct.pack("<d", letter.value)
    return letter.id, letter.output, letter.at_ms, letter.ts, bits, letter.reason, letter.row.key


async def test_what_was_replayed_waits_after_a_restart(opened):
    """It is delivered then, once, and is a letter no longer."""
    buffer = await opened()
    await refuse(buffer, 1.0, 2.0)
    assert await buffer.dead_letters.replay() == 2
    await buffer.close()
    buffer = await opened()
    assert buffer.dead_letters.count() == 0
    chunk = await buffer.read("a", samples=PLENTY, size=PLENTY)
    assert [list(entry.batch.values) for entry in chunk.entries] == [[1.0, 2.0]]
    await buffer.acknowledge(chunk)
    account = buffer.ledger.account("a")
    assert (account.accepted, account.delivered, account.dead_lettered) == (4, 2, 2)
    balanced(buffer)


async def test_letters_are_not_kept_in_memory(opened):
    """On the disk they take no more memory than a line in the index."""
    buffer = await opened()
    await refuse(buffer, *map(float, range(3000)), reason="x" * 900)
    assert not buffer.store.letters.unsaved
    assert buffer.dead_letters.held()["a"][1] > 3000 * 900


async def test_a_damaged_letter_is_set_aside(opened, tmp_path):
    """It costs no other letter: it is counted, and its bytes are kept in the quarantine."""
    buffer = await opened()
    await refuse(buffer, 1.0, 2.0, 3.0)
    _, middle, _ = await buffer.dead_letters.list()
    await buffer.close()
    store = RocksStore(tmp_path / "buffer/db")
    store.write([(letter_key(middle.id), b"rubbish that was a letter")])
    store.sync()
    store.close()
    buffer = await opened()
    assert [letter.value for letter in await buffer.dead_letters.list()] == [3.0, 1.0]
    assert buffer.ledger.account("a").letters_gone == {"damaged": 1}
    (kept,) = (tmp_path / "buffer/quarantine").glob("*-letter-*.record")
    assert kept.read_bytes() == b"rubbish that was a letter"
    balanced(buffer)
    await buffer.close()
    buffer = await opened()
    assert buffer.ledger.account("a").letters_gone == {"damaged": 1}


async def test_a_smaller_cap_holds_from_the_start(opened):
    """After the settings changed, the oldest go, counted."""
    buffer = await opened()
    await refuse(buffer, *map(float, range(10)))
    await buffer.close()
    buffer = await opened(letters=4)
    assert [letter.value for letter in await buffer.dead_letters.list()] == [9.0, 8.0, 7.0, 6.0]
    assert buffer.ledger.account("a").letters_gone == {"evicted": 6}
    await buffer.close()
    buffer = await opened()
    assert buffer.dead_letters.count() == 4
    balanced(buffer)


async def test_letters_of_memory_join_a_database_that_opens_late(opened, tmp_path):
    """The disk was too full to open it: what was there before and what came since are all there."""
    buffer = await opened()
    await refuse(buffer, 1.0, 2.0)
    await buffer.close()
    buffer = disk_buffer(tmp_path / "buffer", UNLIMITED, ManualClock())
    folder_open = buffer.store.database._open

    def no_room(*_):
        raise OSError("No space left on device")

    buffer.store.database._open = no_room
    await buffer.open()
    buffer.attach("a")
    await refuse(buffer, 3.0)
    await buffer.note("a", b"since")
    assert [letter.value for letter in await buffer.dead_letters.list()] == [3.0]
    buffer.store.database._open = folder_open
    await buffer.store.look(1)
    assert buffer.noted("a") == b"since"
    assert [letter.value for letter in await buffer.dead_letters.list()] == [3.0, 2.0, 1.0]
    balanced(buffer)
    await buffer.close()
    buffer = await opened()
    assert [letter.value for letter in await buffer.dead_letters.list()] == [3.0, 2.0, 1.0]
    balanced(buffer)
