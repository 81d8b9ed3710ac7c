"""Notifications are handed over when they arrive, answered when the buffer has them, and bounded."""

from __future__ import annotations

import asyncio
import time

import pytest

from orbital_plugin_snmp.traps.metrics import REASONS
from orbital_plugin_snmp.traps.outbox import ROOM
from orbital_sdk import BufferRefused
from orbital_sdk.testing import FakeEmit

pytestmark = pytest.mark.real

LINK_DOWN, LINK_UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"
PLAIN, OTHER = "1.3.6.1.4.1.9.0.1", "1.3.6.1.4.1.9.0.2"
"""No rule is for these."""
IF_INDEX = "1.3.6.1.2.1.2.2.1.1"


def now_ms():
    return time.time_ns() // 1_000_000


async def test_a_trap_is_handed_over_when_it_arrives(traps):
    """Not at the task's next run: what it changed, at the time of its arrival; a run tells it again."""
    emit = FakeEmit()
    async with traps.listening(emit) as plugin:
        before = now_ms()
        await traps.send(
            plugin, "-v2c", "-c", "public", "@", "", LINK_DOWN, IF_INDEX + ".2", "i", "2"
        )
        counted, link = await emit.wait(2)
        assert (counted.series.metric.name, counted.value) == ("snmp_traps_received_total", 1)
        assert (link.series.metric.name, link.value) == ("link_up", 0)
        assert before <= counted.ts == link.ts <= now_ms()
        again = (await traps.told(plugin)).samples
        assert {s.ts for s in again} == {max(s.ts for s in again)}
        assert again[0].ts > link.ts


async def test_an_inform_is_answered_when_the_buffer_has_it(traps):
    """A sender that has its response may forget it: so nobody has one while the buffer is full."""
    emit = FakeEmit()
    async with traps.listening(emit) as plugin:
        words = ("-v2c", "-c", "public", "-r", "0", "-t", "0.3", "@", "", LINK_UP)
        emit.hold()
        assert not await traps.send(plugin, *words, program="snmpinform", check=False)
        patient = (*words[:6], "20", *words[7:])
        sending = asyncio.create_task(traps.send(plugin, *patient, program="snmpinform"))
        await emit.held()
        emit.release()
        assert await sending
        counts = [s.value for s in emit.samples if s.series.metric is plugin.received]
        assert counts == [1, 2]


async def test_what_the_buffer_refuses_is_counted_and_not_answered(traps):
    """The listener lives on, the sender tries again, and the counts come with the next run."""
    emit = FakeEmit()
    async with traps.listening(emit) as plugin:
        emit.error = BufferRefused("the buffer is full")
        words = ("-v2c", "-c", "public", "-r", "0", "-t", "0.3", "@", "", LINK_UP)
        assert not await traps.send(plugin, *words, program="snmpinform", check=False)
        emit.error = None
        assert await traps.send(plugin, *words, program="snmpinform")
        got = await traps.told(plugin)
        assert got.value("snmp_traps_dropped_total", reason="buffer") == 1
        assert got.value("snmp_traps_received_total", trap=LINK_UP) == 2


async def test_what_waits_is_bounded(traps):
    """While the buffer takes nothing, so many notifications wait; further ones are counted."""
    emit = FakeEmit()
    async with traps.listening(emit, rate=100_000) as plugin:
        emit.hold()
        datagram = await traps.recorded("-v2c", "-c", "public", "@", "", PLAIN)
        for _ in range(ROOM + 7):
            plugin.take(datagram, "192.0.2.1", print)
        assert {why: n for why in REASONS if (n := plugin._drops[why])} == {"queue": 7}
        emit.release()
        (last,) = await emit.wait()
        assert last.value == ROOM


async def test_what_waits_at_the_end_is_handed_over(traps):
    """A trap that was read is not lost by a stop."""
    emit = FakeEmit()
    async with traps.started() as plugin:
        datagram = await traps.recorded("-v2c", "-c", "public", "@", "", PLAIN)
        async with traps.serving(plugin, emit):
            plugin.take(datagram, "192.0.2.1", print)
        assert len(await emit.wait()) == 1


async def test_tasks_of_equal_settings_share_a_listener(traps):
    """Each is handed what its device sent, and an inform is answered when all of them have it."""
    one, other, everything = FakeEmit(), FakeEmit(), FakeEmit()
    async with (
        traps.started() as plugin,
        traps.serving(plugin, one, host="localhost"),
        traps.serving(plugin, other, host="192.0.2.7"),
    ):
        async with traps.serving(plugin, everything):
            await traps.send(plugin, "-v2c", "-c", "public", "@", "", PLAIN)
            assert len(await one.wait()) == len(await everything.wait()) == 1
            everything.hold()
            words = ("-v2c", "-c", "public", "-r", "0", "-t", "0.3", "@", "", PLAIN)
            assert not await traps.send(plugin, *words, program="snmpinform", check=False)
            everything.release()
        one.samples.clear()
        await traps.send(plugin, "-v2c", "-c", "public", "@", "", OTHER)
        (sample,) = await one.wait()
        assert sample.series.values == ("127.0.0.1", OTHER)
        assert other.samples == []
