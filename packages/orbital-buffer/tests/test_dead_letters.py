"""Dead letters: what was refused, by whom, why, and no more of it than agreed."""

from __future__ import annotations

import math
import struct

import pytest

from orbital_buffer.buffer import memory_buffer
from orbital_buffer.format.letter import (
    WORDS,
    DeadLetter,
    decode_letter,
    encode_letters,
    id_of,
    id_text,
)
from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.letter_index import Wanted
from orbital_buffer.model.limits import BufferLimits, LetterLimits
from orbital_runtime.agent.assembly import buffer_of
from orbital_runtime.clock import ManualClock
from orbital_runtime.settings import BufferSection
from orbital_runtime.settings.model.delivery import DeadLetterSection
from orbital_runtime_testing.buffer.tools import NOW, balanced, refused, take
from orbital_sdk import Row
from orbital_sdk.testing import make_batch, make_layout, make_origin

UNLIMITED = BufferLimits(samples=None, size=None)
STALE = 0x7FF0000000000002


def letter(value=1.0, reason="out of bounds"):
    row = Row("temperature_celsius", {"room": "hall"}, unit="celsius")
    return DeadLetter("a", 1000, make_origin(), row, value, 900, reason)


async def refuse(buffer, output, *reasons, at_ms=NOW):
    """Append a sample for each of these words, and let the output's destination refuse it so."""
    for reason in reasons:
        await buffer.append([make_batch(1)])
        for name in buffer.outputs():
            chunk = await take(buffer, name)
            mine = refused(chunk, 1, at_ms=at_ms, reason=reason) if name == output else ()
            await buffer.acknowledge(chunk, letters=mine)


def memory(**limits):
    buffer = memory_buffer(UNLIMITED, ManualClock(), LetterLimits(**limits))
    buffer.attach("a")
    buffer.attach("b")
    return buffer


def encoded(one):
    (data,) = encode_letters([one])
    return data


def bits_of(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


@pytest.mark.parametrize("bits", [STALE, 0x7FF8000000000001, 0xFFF0000000000000, 1, 0x8000 << 48])
def test_a_letter_comes_back_bit_by_bit(bits):
    """Stale markers, other NaNs, infinities and denormals too, with series, words and times."""
    value = struct.unpack("<d", struct.pack("<Q", bits))[0]
    written = letter(value, "say what? \ud800")
    read = decode_letter(encoded(written), 7)
    assert bits_of(read.value) == bits
    assert (read.id, read.output, read.at_ms, read.ts) == (7, "a", 1000, 900)
    assert (read.reason, read.origin) == ("say what? ?", written.origin)
    assert (read.row.key, read.row.unit) == (written.row.key, "celsius")


def test_long_words_are_cut():
    """An error page of a megabyte is no use in a thousand letters."""
    assert len(decode_letter(encoded(letter(reason="x" * 10**6)), 1).reason) == WORDS


def test_damage_is_seen():
    """Any byte that changes, and any byte that is missing."""
    data = encoded(letter())
    for place in range(len(data)):
        with pytest.raises(Damaged):
            decode_letter(data[:place] + bytes((data[place] ^ 4,)) + data[place + 1 :], 1)
        with pytest.raises(Damaged):
            decode_letter(data[:place], 1)


def test_ids_are_told_and_read():
    """`3-17` is the 17th letter of the 3rd start; anything else is refused with an example."""
    assert id_text((3 << 32) + 17) == "3-17"
    assert id_of("3-17") == (3 << 32) + 17
    for text in ("", "3", "-17", "3-", "x-1", "3-17-1", "99999999999-1", "1-4294967296", "²-1"):
        with pytest.raises(ValueError, match=r"look like 3-17|too large"):
            id_of(text)


async def test_the_oldest_letters_give_way_and_are_counted():
    """Above the cap the oldest go, counted by output."""
    buffer = memory(letters=3)
    await refuse(buffer, "a", *"12345")
    assert [kept.reason for kept in await buffer.dead_letters.list()] == ["5", "4", "3"]
    assert buffer.ledger.account("a").letters_gone == {"evicted": 2}
    balanced(buffer)


async def test_bytes_are_capped_too():
    """Long words of a server cannot fill the room."""
    buffer = memory(size=4000)
    await refuse(buffer, "a", *["x" * 900] * 20)
    (count, size) = buffer.dead_letters.held()["a"]
    assert 0 < count < 5
    assert 3000 < size <= 4000
    assert buffer.ledger.account("a").letters_gone == {"evicted": 20 - count}


async def test_one_flooding_output_does_not_push_out_the_letters_of_others():
    """Who has most letters gives first."""
    buffer = memory(letters=10)
    await refuse(buffer, "b", "important")
    await refuse(buffer, "a", *["loud"] * 100)
    assert [kept.reason for kept in await buffer.dead_letters.list(Wanted("b"))] == ["important"]
    assert buffer.ledger.account("a").letters_gone == {"evicted": 91}
    assert not buffer.ledger.account("b").letters_gone


async def test_old_letters_go_by_themselves():
    """After their age, also where nothing new comes; counted apart."""
    buffer = memory(age=60)
    clock = buffer.log._state.clock
    await refuse(buffer, "a", "old", at_ms=clock.utc_ms())
    clock.advance(50)
    await refuse(buffer, "a", "new", at_ms=clock.utc_ms())
    clock.advance(11)
    buffer.usage()
    assert [kept.reason for kept in await buffer.dead_letters.list()] == ["new"]
    assert buffer.ledger.account("a").letters_gone == {"expired": 1}


@pytest.mark.parametrize(("ask", "answer"), [("list", []), ("purge", 0), ("replay", 0)])
async def test_who_asks_for_letters_gets_none_that_are_too_old(ask, answer):
    """Also where nothing else looked at the buffer since: no sample is sent again after its age."""
    buffer = memory(age=60)
    await refuse(buffer, "a", "old", at_ms=buffer.log._state.clock.utc_ms())
    buffer.log._state.clock.advance(61)
    assert await getattr(buffer.dead_letters, ask)() == answer
    assert buffer.ledger.account("a").letters_gone == {"expired": 1}


async def test_an_age_of_zero_is_no_limit():
    """`buffer.dead_letters.max_age: 0` keeps letters, and `buffer.max_age: 0` samples, whatever their age."""
    clock = ManualClock()
    buffer = buffer_of(BufferSection(max_age=0, dead_letters=DeadLetterSection(max_age=0)), clock)
    buffer.attach("a")
    await refuse(buffer, "a", "old", at_ms=clock.utc_ms())
    await buffer.append([make_batch(3)])
    clock.advance(100 * 365 * 86400)
    buffer.usage()
    assert [kept.reason for kept in await buffer.dead_letters.list()] == ["old"]
    assert buffer.waiting("a") == 3
    account = buffer.ledger.account("a")
    assert (account.letters_gone, account.dropped) == ({}, {})


async def test_an_age_is_one_by_default():
    """Letters are let go of after 30 days, if nobody says otherwise; samples are not."""
    clock = ManualClock()
    buffer = buffer_of(BufferSection(), clock)
    buffer.attach("a")
    await refuse(buffer, "a", "old", at_ms=clock.utc_ms())
    await buffer.append([make_batch(3)])
    clock.advance(30 * 86400 + 1)
    buffer.usage()
    assert buffer.ledger.account("a").letters_gone == {"expired": 1}
    assert buffer.waiting("a") == 3


async def test_a_damaged_letter_costs_no_other(caplog):
    """It is left out, counted and told; the others are listed."""
    buffer = memory()
    await refuse(buffer, "a", "one", "two")
    first = (await buffer.dead_letters.list())[-1].id
    store = buffer.dead_letters._store
    store.put(first, (await store.get(first))[:-1])
    assert [kept.reason for kept in await buffer.dead_letters.list()] == ["two"]
    assert await buffer.dead_letters.show(first) is None
    assert buffer.ledger.account("a").letters_gone == {"damaged": 1}
    assert f"dead letter {id_text(first)} is damaged: wrong checksum" in caplog.text
    balanced(buffer)


async def test_replayed_samples_keep_their_times_and_order():
    """Letters of one series come in the order of their time, in as few batches as hold them."""
    buffer = memory()
    layout = make_layout(2)
    for ts in (30, 10, 20):
        await buffer.append([make_batch([math.nan, float(ts)], ts=ts, layout=layout)])
    for name in "ab":
        chunk = await take(buffer, name)
        await buffer.acknowledge(chunk, letters=refused(chunk, 6) if name == "a" else ())
    assert await buffer.dead_letters.replay() == 6
    chunk = await take(buffer, "a")
    told = [[(row.key, ts) for row, ts, _ in e.batch.items()] for e in chunk.entries]
    assert told == [[(row.key, ts) for row in layout.rows] for ts in (10, 20, 30)]
    assert [e.batch.values[1] for e in chunk.entries] == [10.0, 20.0, 30.0]
    assert buffer.waiting("b") == 0


async def test_memory_says_which_letters_it_loses(caplog):
    """At exit, by number and output."""
    buffer = memory()
    await refuse(buffer, "a", "one", "two")
    await buffer.close()
    assert "output a: 2 dead letters were kept in memory and are lost" in caplog.text
    assert buffer.ledger.account("a").letters == 0
