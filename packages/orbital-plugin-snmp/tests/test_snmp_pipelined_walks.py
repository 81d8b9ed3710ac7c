"""Requests of a known walk go ahead of the answers to those before them, as long as the device bears it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.config import SessionConfig
from orbital_plugin_snmp.device import SnmpDevice
from orbital_plugin_snmp.session.pool import Pool
from orbital_plugin_snmp.walks.learned import AHEAD, DAY, Learned
from orbital_testbench.hostile_agent import Datagram, HostileAgent
from orbital_testbench.snmp_message import number, varbind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from orbital_plugin_snmp.walks.walked import Walked
    from orbital_testbench.snmp_message import SnmpRequest

pytestmark = pytest.mark.asyncio
COLUMN = "1.3.6.1.2.1.2.2.1.10"
KEY = oids.encode(COLUMN)
ROWS = 300
"""Five requests' worth."""


class Table:
    """A column of numbers, and what happened to it."""

    def __init__(self, agent: HostileAgent) -> None:
        self.agent = agent
        self.rows = list(range(1, ROWS + 1))
        self.lose = set[int]()
        """Requests of the next walk that get no answer, counted from 0."""
        self._seen = 0
        agent.behave = self._answer

    def _answer(self, request: SnmpRequest) -> list[Datagram | bytes]:
        number_of_request, self._seen = self._seen, self._seen + 1
        if number_of_request in self.lose:
            return []
        at = int(request.oids[0].removeprefix(COLUMN).removeprefix(".") or 0)
        cells = [varbind(f"{COLUMN}.{n}", number(n)) for n in self.rows if n > at]
        cells += [varbind("1.3.6.1.9.1.0", number(0))] * request.repetitions
        return [request.answer(*cells[: request.repetitions])]

    def rewind(self) -> None:
        self._seen = 0


@pytest.fixture
def agent() -> Iterator[HostileAgent]:
    with HostileAgent() as running:
        yield running


class Bench:
    """A device that is walked again and again."""

    def __init__(self, agent: HostileAgent) -> None:
        self.table = Table(agent)
        self.pool = Pool(SessionConfig.model_validate({"timeout": 0.2, "retries": 3}))
        self._device = SnmpDevice.model_validate({"host": agent.host, "port": agent.port})

    @property
    def learned(self) -> Learned:
        return self.pool.shared(self._device).learned

    async def walk(self, seconds: float = 10) -> Walked:
        self.table.rewind()
        return await self.pool.reader(self._device, time.monotonic() + seconds).walk([KEY])

    async def learn(self) -> None:
        """Until as many go ahead as may."""
        while self.learned.ahead < AHEAD:
            await self.walk()


@pytest.fixture
async def bench(agent: HostileAgent) -> AsyncIterator[Bench]:
    one = Bench(agent)
    yield one
    await one.pool.close()


def values(walked: Walked) -> list[object]:
    assert not walked.problems
    return [value for _, _, value in walked.columns[KEY]]


async def test_a_known_walk_sends_the_same_requests_ahead(
    bench: Bench, agent: HostileAgent
) -> None:
    """Not one request more, and the same rows; more of them at once from walk to walk."""
    before = len(agent.requests)
    assert values(await bench.walk()) == bench.table.rows
    await bench.learn()
    before = len(agent.requests)
    assert values(await bench.walk()) == bench.table.rows
    once = len(agent.requests) - before
    assert once > AHEAD
    assert len({request.oids for request in agent.parsed[before:]}) == once
    assert values(await bench.walk()) == bench.table.rows
    assert len(agent.requests) - before == 2 * once


@pytest.mark.parametrize("lost", [0, 1, AHEAD - 1])
async def test_a_lost_answer_is_asked_for_again(bench: Bench, lost: int) -> None:
    """Whichever of the burst it was, the walk is whole; from then on, half as many go at once."""
    await bench.learn()
    bench.table.lose = {lost}
    assert values(await bench.walk()) == bench.table.rows
    assert bench.learned.ahead == AHEAD // 2
    bench.table.lose = set()
    for _ in range(3):
        assert values(await bench.walk()) == bench.table.rows
    assert bench.learned.ahead == AHEAD // 2


@pytest.mark.parametrize(
    "rows",
    [range(2, ROWS + 1), range(1, ROWS), range(1, ROWS + 40), range(1, 2 * ROWS, 2), [7], []],
    ids=["first gone", "last gone", "more", "others", "one", "none"],
)
async def test_a_table_that_changes_is_read_as_it_is_now(
    bench: Bench, agent: HostileAgent, rows: list[int]
) -> None:
    """What was sent ahead for the rows of last time is in vain, and nothing of it is told."""
    await bench.learn()
    bench.table.rows = list(rows)
    assert values(await bench.walk()) == list(rows)
    assert bench.learned.ahead in {1, AHEAD}
    assert values(await bench.walk()) == list(rows)
    assert not bench.learned.narrow_until


async def test_a_device_that_falls_silent_is_given_up_as_ever(bench: Bench) -> None:
    """The burst gets no answer: what came before is told, and why it ends."""
    await bench.learn()
    bench.table.lose = set(range(1, 100))
    walked = await bench.walk(0.5)
    assert "no answer" in walked.problems[KEY]
    assert [value for _, _, value in walked.columns[KEY]] == bench.table.rows[
        : len(walked.columns[KEY])
    ]


async def test_crowds_are_tried_again_tomorrow() -> None:
    """Half as many after a loss; after a day as many as ever may be tried, one more at a time."""
    learned = Learned(ahead=AHEAD)
    learned.limit(1000.0)
    assert (learned.ahead, learned.most_ahead, learned.changed) == (AHEAD // 2, AHEAD // 2, True)
    again = Learned.from_json(learned.to_json())
    assert (again.ahead, again.most_ahead, again.narrow_until) == (1, AHEAD // 2, 1000.0 + DAY)
    again.set_out((), 1000.0 + DAY - 1)
    assert again.most_ahead == AHEAD // 2
    again.set_out((), 1000.0 + DAY)
    assert again.most_ahead == AHEAD
