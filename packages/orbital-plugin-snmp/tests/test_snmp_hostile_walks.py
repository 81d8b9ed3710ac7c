"""Walks of devices that loop, end never, fall silent half-way or send too much: they end, with what came."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.engines.errors import Malformed, NoAnswer
from orbital_testbench.hostile_agent import Datagram, HostileAgent
from orbital_testbench.snmp_message import number, varbind

from .test_snmp_hostile import COLUMN, COUNTER, asking

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_plugin_snmp.session.pool import DeviceReader
    from orbital_testbench.snmp_message import SnmpRequest

pytestmark = pytest.mark.asyncio
TOO_BIG = 1


def table(rows: int) -> Callable[[SnmpRequest], list[Datagram | bytes]]:
    """A column with this many rows, and another object behind it."""

    def behave(request: SnmpRequest) -> list[Datagram | bytes]:
        return [request.answer(*rows_after(request, rows, request.repetitions))]

    return behave


def rows_after(request: SnmpRequest, rows: int, repetitions: int) -> list[bytes]:
    (cursor,) = request.oids
    at = int(cursor.removeprefix(COLUMN).removeprefix(".") or 0)
    return [
        varbind(f"{COLUMN}.{n}", number(n, COUNTER)) if n <= rows else varbind("1.3.6.1.2.1.3.1.0", number(0))
        for n in range(at + 1, at + 1 + repetitions)
    ]  # fmt: skip


async def values_of(reader: DeviceReader) -> tuple[list[object], str]:
    column = oids.encode(COLUMN)
    walked = await reader.walk([column])
    return [value for _, _, value in walked.columns[column]], walked.problems.get(column, "")


async def test_endless_tables_end() -> None:
    """2^31 rows: the walk ends at max_rows with what came, and says so."""
    with HostileAgent(table(2**31)) as agent:
        async with asking(agent, max_rows=1000) as reader:
            values, problem = await values_of(reader)
    assert values == list(range(1, 1001))
    assert "max_rows" in problem


async def test_endless_tables_end_with_the_runs_time() -> None:
    """Where they are slow as well, the task's time ends them, with what came."""
    with HostileAgent(lambda r: [Datagram(table(2**31)(r)[0], after=0.02)]) as agent:  # pyright: ignore[reportArgumentType] (bytes)
        async with asking(agent, 0.5, max_rows=10**6) as reader:
            values, problem = await values_of(reader)
    assert values
    assert "time was over" in problem or "no answer" in problem


@pytest.mark.parametrize("step", [0, -1])
async def test_loops_end_with_what_came(step: int) -> None:
    """OIDs that stand still or go back would make an endless walk."""

    def behave(request: SnmpRequest) -> list[Datagram | bytes]:
        rows = [1, 2, 3, 3 + step, *range(4, 4 + request.repetitions)]
        return [
            request.answer(
                *(varbind(f"{COLUMN}.{n}", number(n)) for n in rows[: request.repetitions])
            )
        ]

    with HostileAgent(behave) as agent:
        async with asking(agent) as reader:
            values, problem = await values_of(reader)
    assert values == [1, 2, 3]
    assert "do not increase" in problem


async def test_indexes_that_look_smaller_as_bytes_are_no_loop() -> None:
    """16383 is followed by 16384, whose first octet is smaller."""

    def behave(request: SnmpRequest) -> list[Datagram | bytes]:
        at = int(request.oids[0].removeprefix(COLUMN).removeprefix(".") or 0)
        following = [n for n in (1, 127, 128, 16383, 16384, 2097151, 2097152, 2**32 - 1) if n > at]
        rows = [varbind(f"{COLUMN}.{n}", number(n)) for n in following]
        return [
            request.answer(*[*rows, varbind("1.3.6.1.2.1.3.1.0", number(0))][: request.repetitions])
        ]

    with HostileAgent(behave) as agent:
        async with asking(agent) as reader:
            values, problem = await values_of(reader)
    assert values == [1, 127, 128, 16383, 16384, 2097151, 2097152, 2**32 - 1]
    assert not problem


async def test_too_big_is_asked_for_less_until_it_fits() -> None:
    """A device whose answers hold ten rows: the walk is whole, and the next one knows."""

    def behave(request: SnmpRequest) -> list[Datagram | bytes]:
        fits = request.repetitions <= 10
        return table(95)(request) if fits else [request.answer(status=TOO_BIG)]

    with HostileAgent(behave) as agent:
        async with asking(agent) as reader:
            assert await values_of(reader) == (list(range(1, 96)), "")
            first = len(agent.requests)
            assert await values_of(reader) == (list(range(1, 96)), "")
    assert first <= 20
    assert len(agent.requests) - first <= 17


async def test_too_big_for_ever_is_named() -> None:
    """Not even one row fits: the column is given up."""
    with HostileAgent(lambda r: [r.answer(status=TOO_BIG)]) as agent:
        async with asking(agent) as reader:
            values, problem = await values_of(reader)
    assert not values
    assert "too big" in problem
    assert len(agent.requests) < 20


async def test_silence_over_large_requests_only() -> None:
    """Fragments that get lost on the way: less is asked for, and the rest of the walk comes."""

    def behave(request: SnmpRequest) -> list[Datagram | bytes]:
        return table(60)(request) if request.repetitions <= 12 or request.oids[0] == COLUMN else []

    with HostileAgent(behave) as agent:
        async with asking(agent, timeout=0.05, retries=0) as reader:
            assert await values_of(reader) == (list(range(1, 61)), "")


async def test_a_device_that_falls_silent_in_mid_walk_gives_what_came() -> None:
    """What was read is kept, and the walk's end is named."""

    def behave(request: SnmpRequest) -> list[Datagram | bytes]:
        return table(500)(request) if request.oids[0] == COLUMN else []

    with HostileAgent(behave) as agent:
        async with asking(agent, 1.0, timeout=0.05, retries=0) as reader:
            values, problem = await values_of(reader)
    assert values[:10] == list(range(1, 11))
    assert "no answer" in problem


async def test_silence_from_the_beginning_is_an_error() -> None:
    """Nothing at all: then it is not a table without rows."""
    with HostileAgent(lambda _: []) as agent:
        async with asking(agent, timeout=0.05) as reader:
            with pytest.raises(NoAnswer):
                await values_of(reader)


async def test_answers_without_varbinds_end_the_walk() -> None:
    """An empty answer is asked for less, and then given up."""
    with HostileAgent(lambda r: [r.answer()]) as agent:
        async with asking(agent) as reader:
            values, problem = await values_of(reader)
    assert (values, bool(problem)) == ([], True)
    assert len(agent.requests) < 20


async def test_more_than_was_asked_for_is_refused() -> None:
    """A device that sends hundreds of rows for one."""
    with HostileAgent(lambda r: [r.answer(*rows_after(r, 10**6, r.repetitions + 1))]) as agent:
        async with asking(agent) as reader:
            with pytest.raises(Malformed, match="more rows"):
                await values_of(reader)


# v3
