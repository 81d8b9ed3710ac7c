"""The promises about dead letters: kept with their count, shown, thrown away, and sent again."""
# ruff: noqa: S101 (asserts are what a contract suite is made of)

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orbital_buffer.model.errors import BufferClosed, BufferFull
from orbital_buffer.model.letter_index import Wanted
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import ManualClock
from orbital_runtime_testing.buffer.tools import UNLIMITED, balanced, raises, refused, take
from orbital_sdk.testing import make_batch

if TYPE_CHECKING:
    from orbital_buffer.buffer import Buffer
    from orbital_runtime_testing.buffer.tools import Check, OpenBuffer


async def letters_come_with_their_count(open_buffer: OpenBuffer) -> None:
    """Of each output its own, newest first, and one by its id."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        await _refuse(buffer, "a", "one", "two")
        await _refuse(buffer, "b", "three")
        store = buffer.dead_letters
        assert [letter.reason for letter in await store.list()] == ["three", "two", "one"]
        assert [letter.reason for letter in await store.list(Wanted("a", limit=1))] == ["two"]
        assert await store.list(Wanted("nobody")) == []
        assert buffer.ledger.account("a").dead_lettered == store.count(Wanted("a")) == 2
        newest = (await store.list())[0]
        shown = await store.show(newest.id)
        assert shown is not None
        assert (shown.id, shown.reason, shown.row.key) == (newest.id, "three", newest.row.key)
        assert (newest.output, newest.origin.task, newest.value) == ("b", "task-1", 0.0)
        assert await store.show(12345) is None
        balanced(buffer)


async def a_second_acknowledgement_makes_no_letters(open_buffer: OpenBuffer) -> None:
    """Neither the same one again, nor one of what the policy dropped meanwhile."""
    async with open_buffer(BufferLimits(samples=10, size=None), ManualClock()) as buffer:
        buffer.attach("a")
        await buffer.append([make_batch(4), make_batch(4)])
        chunk = await take(buffer, "a")
        await buffer.append([make_batch(5)])
        for _ in range(2):
            await buffer.acknowledge(chunk, letters=refused(chunk, 8))
        assert buffer.dead_letters.count() == 4
        balanced(buffer)


async def purged_letters_are_counted(open_buffer: OpenBuffer) -> None:
    """By output and by age, the oldest first; new ones come after."""
    clock = ManualClock()
    async with open_buffer(UNLIMITED, clock) as buffer:
        await _refuse(buffer, "a", "one", "two", at_ms=clock.utc_ms() - 5000)
        await _refuse(buffer, "a", "three", "four", at_ms=clock.utc_ms())
        await _refuse(buffer, "b", "five", at_ms=clock.utc_ms() - 5000)
        store = buffer.dead_letters
        assert await store.purge(Wanted("a", before_ms=clock.utc_ms() - 1000)) == 2
        assert await store.purge(Wanted("a", limit=1)) == 1
        assert [letter.reason for letter in await store.list()] == ["five", "four"]
        assert await store.purge() == 2
        assert await store.purge() == 0
        await _refuse(buffer, "a", "six")
        assert store.count() == 1
        assert buffer.ledger.account("a").letters_gone == {"purged": 4}
        balanced(buffer)


async def replayed_letters_wait_again(open_buffer: OpenBuffer) -> None:
    """For their output alone, as accepted once more; a second refusal makes letters with new ids."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        await _refuse(buffer, "a", "one", "two", "three")
        await _refuse(buffer, "b", "four")
        before = {letter.id for letter in await buffer.dead_letters.list()}
        assert await buffer.dead_letters.replay(Wanted("a", limit=2)) == 2
        account = buffer.ledger.account("a")
        assert (account.accepted, account.waiting, account.dead_lettered) == (6, 2, 3)
        assert (account.letters, dict(account.letters_gone)) == (1, {"replayed": 2})
        assert buffer.waiting("b") == 0
        balanced(buffer)
        chunk = await take(buffer, "a")
        assert chunk.samples == 2
        await buffer.acknowledge(chunk, letters=refused(chunk, 1, reason="again"))
        account = buffer.ledger.account("a")
        assert (account.delivered, account.dead_lettered, account.letters) == (2, 4, 2)
        assert (await buffer.dead_letters.list())[0].id not in before
        balanced(buffer)


async def a_replay_drops_nothing(open_buffer: OpenBuffer) -> None:
    """A full buffer refuses it, whatever its policy, and so does an output that is gone: letters stay."""
    async with open_buffer(BufferLimits(samples=10, size=None), ManualClock()) as buffer:
        await _refuse(buffer, "a", "one")
        await buffer.append([make_batch(10)])
        await raises(BufferFull, buffer.dead_letters.replay())
        for name in buffer.outputs():
            await buffer.acknowledge(await take(buffer, name))
        buffer.orphan("a")
        await raises(LookupError, buffer.dead_letters.replay())
        assert buffer.dead_letters.count() == 1
        assert not buffer.ledger.account("a").dropped
        buffer.attach("a")
        assert await buffer.dead_letters.replay() == 1
        balanced(buffer)


async def a_cancelled_replay_is_whole(open_buffer: OpenBuffer) -> None:
    """Who asked may be gone: each letter is in the store or waits, and none is neither or both."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        await _refuse(buffer, "a", *"abc")
        asked = asyncio.ensure_future(buffer.dead_letters.replay())
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.wait({asked})
        await buffer.wait("a")
        assert buffer.waiting("a") + buffer.dead_letters.count() == 3
        balanced(buffer)


async def nothing_is_purged_after_the_end(open_buffer: OpenBuffer) -> None:
    """Nor counted: it would be there again after the next start."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        await _refuse(buffer, "a", "one")
        await buffer.close()
        await raises(BufferClosed, buffer.dead_letters.purge())
        assert "purged" not in buffer.ledger.account("a").letters_gone


async def _refuse(buffer: Buffer, output: str, *reasons: str, at_ms: int | None = None) -> None:
    """A sample each, which the destination of this output refuses in these words."""
    buffer.attach("a")
    buffer.attach("b")
    when = ManualClock().utc_ms() if at_ms is None else at_ms
    for reason in reasons:
        await buffer.append([make_batch(1)])
        for name in buffer.outputs():
            chunk = await take(buffer, name)
            mine = refused(chunk, 1, at_ms=when, reason=reason) if name == output else ()
            await buffer.acknowledge(chunk, letters=mine)


LETTERS: tuple[Check, ...] = (
    letters_come_with_their_count,
    a_second_acknowledgement_makes_no_letters,
    purged_letters_are_counted,
    replayed_letters_wait_again,
    a_replay_drops_nothing,
    a_cancelled_replay_is_whole,
    nothing_is_purged_after_the_end,
)
