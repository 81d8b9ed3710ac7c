"""Tasks of one device share its session, its requests and what is known of it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.config import SessionConfig
from orbital_plugin_snmp.device import SnmpDevice
from orbital_plugin_snmp.engines.errors import NoAnswer
from orbital_plugin_snmp.session.pool import Pool
from orbital_plugin_snmp.session.shared import SILENT
from orbital_plugin_snmp.session.sharing import PoolLease
from orbital_plugin_snmp.walks.learned import CLEAN, DOUBTS, HOUR, MOST, Learned
from orbital_sdk.testing import FakeHost
from orbital_testbench.hostile_agent import Datagram, HostileAgent
from orbital_testbench.snmp_message import GET, number, varbind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from orbital_plugin_snmp.session.pool import DeviceReader
    from orbital_testbench.snmp_message import SnmpRequest

pytestmark = pytest.mark.asyncio
FILE = "learned.json"
NAMES = [f"1.3.6.1.2.1.1.{n}.0" for n in range(1, 8)]
COLUMNS = [f"1.3.6.1.2.1.2.2.1.{n}" for n in range(1, 6)]
ABSENT = "1.3.6.1.2.1.15.3.1.2"
EMPTY = "1.3.6.1.2.1.16.1.1.1.1"
BEHIND = varbind("1.3.6.1.9.1.0", number(0))


def device(request: SnmpRequest) -> list[Datagram | bytes]:
    """Five columns of three rows; one object that is not implemented, one table that has no rows now."""
    if request.kind == GET:
        return [request.answer(*map(_instance, request.oids))]
    rows = [[_successor(oid, n) for oid in request.oids] for n in range(1, request.repetitions + 1)]
    return [request.answer(*(cell for row in rows for cell in row))]


def _instance(oid: str) -> bytes:
    missing = {ABSENT: b"\x80\0", EMPTY: b"\x81\0"}
    return varbind(oid, missing.get(oid) or number(int(oid.split(".")[-2])))


def _successor(oid: str, steps: int) -> bytes:
    column = oid if oid in COLUMNS else oid.rpartition(".")[0]
    row = steps + (0 if oid in COLUMNS else int(oid.rpartition(".")[2]))
    inside = column in COLUMNS and row <= 3
    return varbind(f"{column}.{row}", number(row)) if inside else BEHIND


class Bench:
    """A pool, and the only device it knows."""

    def __init__(self, agent: HostileAgent, folder: Path | None = None, **config: Any) -> None:
        settings = SessionConfig.model_validate({"timeout": 0.1, "retries": 0} | config)
        self.pool = Pool(settings, folder)
        self.device = SnmpDevice.model_validate({"host": agent.host, "port": agent.port})

    def reader(self, seconds: float = 5.0) -> DeviceReader:
        return self.pool.reader(self.device, time.monotonic() + seconds)


@pytest.fixture
def agent() -> Iterator[HostileAgent]:
    with HostileAgent(device) as running:
        yield running


def encoded(names: list[str]) -> list[bytes]:
    return [oids.encode(name) for name in names]


async def test_gets_of_one_moment_travel_together(agent: HostileAgent) -> None:
    """Three tasks that fall due together send one request, and each gets what it asked for."""
    bench = Bench(agent)
    parts = [NAMES[:3], NAMES[2:5], NAMES[4:]]
    found = await asyncio.gather(*(bench.reader().get(encoded(part)) for part in parts))
    await bench.pool.close()
    assert [[oids.text(oid) for oid, _, _ in one] for one in found] == parts
    assert [value for _, _, value in found[1]] == [3, 4, 5]
    assert [request.oids for request in agent.parsed] == [tuple(NAMES)]


async def test_a_column_is_walked_once_for_all(agent: HostileAgent) -> None:
    """Two tasks want the same columns at the same time: one walk serves both."""
    bench = Bench(agent)
    first, second = await asyncio.gather(
        bench.reader().walk(encoded(COLUMNS[:4])), bench.reader().walk(encoded(COLUMNS[2:]))
    )
    await bench.pool.close()
    asked = [oid for request in agent.parsed for oid in request.oids]
    assert sorted(oid for oid in asked if oid in COLUMNS) == COLUMNS
    assert [[v for _, _, v in rows] for rows in first.columns.values()] == [[1, 2, 3]] * 4
    assert list(second.columns) == encoded(COLUMNS[2:])
    assert [len(rows) for rows in second.columns.values()] == [3, 3, 3]


async def test_one_task_that_is_cancelled_does_not_take_the_other_along(
    agent: HostileAgent,
) -> None:
    """They share a request; the one that is left gets its answer."""
    agent.behave = lambda request: [Datagram(bytes(a), after=0.05) for a in device(request)]  # pyright: ignore[reportArgumentType] (bytes)
    bench = Bench(agent, timeout=5)
    one = asyncio.create_task(bench.reader().get(encoded(NAMES[:1])))
    other = asyncio.create_task(bench.reader().get(encoded(NAMES[1:2])))
    await asyncio.sleep(0)
    one.cancel()
    assert [value for _, _, value in await other] == [2]
    await bench.pool.close()


async def test_the_second_walk_asks_for_exactly_what_is_there(agent: HostileAgent) -> None:
    """It knows that there are three rows: one request for four, to see the end."""
    bench = Bench(agent)
    await bench.reader().walk(encoded(COLUMNS))
    before = len(agent.requests)
    await bench.reader().walk(encoded(COLUMNS))
    await bench.pool.close()
    assert [(len(r.oids), r.repetitions) for r in agent.parsed[before:]] == [(5, 4)]


async def test_what_is_not_implemented_is_not_asked_for_again(
    agent: HostileAgent, tmp_path: Path
) -> None:
    """A table that only has no rows now is; and the other, too, when the device or we started again."""
    wanted = encoded([ABSENT, EMPTY])
    bench = Bench(agent, tmp_path)
    for _ in range(2):
        walked = await bench.reader().walk(wanted)
        assert walked.columns == {wanted[0]: [], wanted[1]: []}
    asked = [request.oids for request in agent.parsed]
    assert asked[:2] == [(ABSENT, EMPTY), (ABSENT, EMPTY)]
    assert all(ABSENT not in names for names in asked[2:])
    assert (EMPTY,) in asked[2:]
    bench.reader().look_again()
    await bench.reader().walk(wanted)
    assert agent.parsed[len(asked)].oids == (ABSENT, EMPTY)
    await bench.pool.close()
    again = Bench(agent, tmp_path)
    before = len(agent.requests)
    await again.reader().walk(wanted)
    assert agent.parsed[before].oids == (ABSENT, EMPTY)
    await again.pool.close()


async def test_absent_tables_are_looked_at_again_hourly() -> None:
    """A new module may have brought the table."""
    learned = Learned()
    learned.miss(b"x", 1000.0)
    assert learned.is_absent(b"x", 1000.0 + HOUR - 1)
    assert not learned.is_absent(b"x", 1000.0 + HOUR)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"h:1": 7}', '{"h:1": {"cells": "x"}}', "null"]
)
async def test_a_damaged_memory_is_a_fresh_start(
    agent: HostileAgent, tmp_path: Path, content: str
) -> None:
    """Whatever stands in the file, polls go on."""
    text = content.replace("h:1", f"{agent.host}:{agent.port}")
    (tmp_path / FILE).write_text(text)
    bench = Bench(agent, tmp_path)
    assert await bench.reader().get(encoded(NAMES[:1]))
    await bench.pool.close()


async def test_plugins_with_other_profiles_share_the_session(
    agent: HostileAgent, tmp_path: Path
) -> None:
    """Their tasks for one device are asked for together; the last one to stop closes it."""
    wide, narrow = SessionConfig(timeout=5), SessionConfig(timeout=6)
    leases = [
        PoolLease(config, FakeHost(tmp_path)) for config in (wide, SessionConfig(timeout=5), narrow)
    ]
    assert leases[0].pool is leases[1].pool
    assert leases[0].pool is not leases[2].pool
    one = SnmpDevice.model_validate({"host": agent.host, "port": agent.port})
    await leases[0].end()
    reader = leases[1].pool.reader(one, time.monotonic() + 5)
    assert await reader.get(encoded(NAMES[:1]))
    await leases[1].end()
    await leases[2].end()
    again = PoolLease(wide, FakeHost(tmp_path))
    assert again.pool is not leases[1].pool
    await again.end()


async def test_strays_and_damaged_notes_are_counted(agent: HostileAgent, tmp_path: Path) -> None:
    """Both help nobody and stop nothing; on the agent's page their numbers are seen to grow."""
    agent.behave = lambda request: [*device(request), *device(request)]
    (tmp_path / FILE).write_text("{")
    host = FakeHost(tmp_path)
    lease = PoolLease(SessionConfig(timeout=5), host)
    one = SnmpDevice.model_validate({"host": agent.host, "port": agent.port})
    assert host.value("stray_datagrams_total") == 0
    for _ in range(2):  # the second answer to the first request comes before any to the next one
        assert await lease.pool.reader(one, time.monotonic() + 5).get(encoded(NAMES[:1]))
    assert host.value("stray_datagrams_total") >= 1
    assert host.value("damaged_files_total") == 1
    await lease.end()


async def test_requests_shrink_at_once_and_grow_slowly() -> None:
    """Half after trouble; an eighth more after some walks without, up to where they were."""
    learned = Learned()
    assert learned.halve(200)
    assert learned.cells == 100
    for _ in range(CLEAN):
        learned.went_well()
    assert learned.cells == 112
    for _ in range(CLEAN * 40):
        learned.went_well()
    assert learned.cells == MOST
    learned.cells = 1
    assert not learned.halve(1)


async def test_silence_is_about_size_only_where_it_may_be() -> None:
    """What was answered once is asked for again after an outage; where it never is, half of it."""
    learned = Learned()
    learned.unanswered(200)
    assert learned.cells == 100
    learned.answered(100)
    for _ in range(3):
        for _ in range(DOUBTS - 1):
            learned.unanswered(100)
            learned.unanswered(50)  # the same walk, with less
        learned.answered(100)
    assert learned.cells == 100
    for _ in range(DOUBTS):
        learned.unanswered(100)
        learned.answered(50)
    assert learned.cells == 50


async def test_a_session_is_made_anew_after_silence(agent: HostileAgent) -> None:
    """After some requests without an answer; the device that answers again is read at once."""
    bench, answering = Bench(agent), agent.behave
    agent.behave = lambda _: []
    for _ in range(SILENT):
        with pytest.raises(NoAnswer):
            await bench.reader().get(encoded(NAMES[:1]))
    agent.behave = answering
    before = bench.reader().cost
    assert await bench.reader().get(encoded(NAMES[:1]))
    assert before.packets == 0
    await bench.pool.close()


async def test_many_oids_are_asked_for_in_parts(agent: HostileAgent) -> None:
    """A hundred scalars do not fit into one message."""
    wanted = [f"1.3.6.1.2.1.1.{n}.0" for n in range(1, 101)]
    bench = Bench(agent)
    found = await bench.reader().get(encoded(wanted))
    await bench.pool.close()
    assert [value for _, _, value in found] == list(range(1, 101))
    assert len(agent.requests) == 3


async def test_too_big_scalars_are_asked_for_in_smaller_parts(agent: HostileAgent) -> None:
    """Down to one at a time."""
    answering: Callable[[SnmpRequest], list[Datagram | bytes]] = device
    agent.behave = lambda r: answering(r) if len(r.oids) < 3 else [r.answer(status=1)]
    bench = Bench(agent)
    found = await bench.reader().get(encoded(NAMES))
    await bench.pool.close()
    assert [value for _, _, value in found] == list(range(1, 8))


async def test_silent_devices_do_not_keep_the_others_waiting() -> None:
    """Three hundred requests that nobody answers are on their way; one more is answered at once."""
    with HostileAgent(lambda r: device(r) if r.community == b"alive" else []) as agent:
        pool = Pool(SessionConfig(timeout=60, retries=0))

        def reader(community: str) -> DeviceReader:
            fields = {"host": agent.host, "port": agent.port, "community": community}
            return pool.reader(SnmpDevice.model_validate(fields), time.monotonic() + 60)

        silent = [asyncio.create_task(reader(f"dead{n}").get(encoded(NAMES))) for n in range(300)]
        await asyncio.sleep(0)
        async with asyncio.timeout(60):
            assert len(await reader("alive").get(encoded(NAMES))) == len(NAMES)
        assert not any(task.done() for task in silent)
        for task in silent:
            task.cancel()
        await asyncio.gather(*silent, return_exceptions=True)
        await pool.close()


async def test_five_hundred_devices_at_once_lose_nothing() -> None:
    """All fall due in the same moment, and every answer arrives."""
    with HostileAgent(device) as agent:
        pool = Pool(SessionConfig(timeout=20, retries=2))
        devices = [
            SnmpDevice.model_validate(
                {"host": agent.host, "port": agent.port, "community": f"c{n}"}
            )
            for n in range(500)
        ]
        readers = [pool.reader(one, time.monotonic() + 120) for one in devices]
        found = await asyncio.gather(*(reader.get(encoded(NAMES)) for reader in readers))
        await pool.close()
    assert len(found) == 500
    assert all([value for _, _, value in one] == list(range(1, 8)) for one in found)
    assert {request.community for request in agent.parsed} == {f"c{n}".encode() for n in range(500)}
