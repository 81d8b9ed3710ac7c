"""Holes and limits of a device are met once, remembered, and gone round from then on."""

from __future__ import annotations

import pytest

from orbital_plugin_modbus import Modbus, ModbusConfig, ModbusDevice
from orbital_sdk import PartialCollect
from orbital_sdk.testing import make_context

pytestmark = pytest.mark.real

CONTENT = "holding 0 " + " ".join(str(n) for n in range(600))


class Task:
    """Runs of one task on a server of libmodbus."""

    def __init__(self, server, registers, **config):
        self.server = server
        self.plugin = Modbus(ModbusConfig.model_validate({"registers": registers, **config}))
        self.device = ModbusDevice(host=server.host, port=server.port)
        self.session = None

    async def run(self):
        """Requests of one run, and what it gave or raised."""
        before = len(self.server.asked)
        try:
            self.session = self.session or await self.plugin.open(self.device)
            result = await self.session.collect(make_context())
        except PartialCollect as error:
            result = error
        return len(self.server.asked) - before, result

    async def stop(self):
        if self.session is not None:
            await self.session.close()
        await self.plugin.stop()


def whole(columns, registers):
    got = {s.metric.name: v for s, v in zip(columns.series, columns.values, strict=True)}
    return all(got[f"modbus_register_{r['address']}"] == r["address"] for r in registers)


@pytest.fixture
async def task(start_modbus):
    made = []

    def make(registers, *quirks, **config):
        made.append(Task(start_modbus([CONTENT, *quirks]), registers, **config))
        return made[-1]

    yield make
    for each in made:
        await each.stop()


@pytest.mark.parametrize(
    ("quirks", "second"),
    [
        (["hole holding 20 29"], 2),
        (["hole holding 20 20"], 2),
        (["hole holding 20 29", "hole holding 60 64", "hole holding 80 84"], 4),
    ],
)
async def test_the_second_turn_needs_fewer_requests(task, quirks, second):
    """A gap that cannot be read across is found once; everything is read in both turns."""
    gaps = [*range(20, 30), *range(60, 65), *range(80, 85)]
    registers = [{"address": n} for n in range(100) if n not in gaps]
    reader = task(registers, *quirks)
    runs = [await reader.run() for _ in range(4)]
    assert all(whole(columns, registers) for _, columns in runs)
    counts = [count for count, _ in runs]
    assert counts[0] > counts[1]
    assert counts[-1] == second
    assert sorted(counts, reverse=True) == counts


async def test_a_device_that_takes_short_reads(task):
    """Exception 3 means the size: a read that works is found, and no longer one asked for again."""
    registers = [{"address": n} for n in range(240)]
    reader = task(registers, "most 60")
    runs = [await reader.run() for _ in range(3)]
    assert all(whole(columns, registers) for _, columns in runs)
    assert runs[0][0] > runs[1][0] == runs[2][0]
    tried = reader.server.asked[-runs[2][0] :]
    assert all(ask.count <= 60 for ask in tried)


async def test_a_device_that_says_its_limit(task):
    """With `max_registers` nothing has to be learned."""
    registers = [{"address": n} for n in range(240)]
    count, columns = await task(registers, "most 60", max_registers=60).run()
    assert count == 4
    assert whole(columns, registers)


async def test_two_blocks_that_cannot_be_read_together(task):
    """Exception 2 between neighbours is a border: each side is read by itself from then on."""
    registers = [{"address": n} for n in range(50) if n != 25] + [{"address": 25, "name": "odd"}]
    reader = task(registers, "hole holding 25 25")
    first, result = await reader.run()
    assert isinstance(result, PartialCollect)
    assert result.failed == 1
    assert "holding 25: exception 2 (illegal data address)" in str(result)
    assert len([s for s in result.samples if s.series.metric.name.startswith("modbus_reg")]) == 49
    second, result = await reader.run()
    assert (second, result.failed) == (2, 1)
    assert "odd (holding 25): refused before, left out for now" in str(result)
    assert second < first


async def test_a_refused_field_is_tried_again_and_taken_back(start_modbus, bus_of):
    """A device may have been busy starting: a field that works again is one like the others."""
    server = start_modbus([CONTENT, "hole holding 5 5"])
    reader = Task(server, [{"address": n} for n in range(10)])
    _, result = await reader.run()
    assert result.failed == 1
    quirks = bus_of(reader.device).unit(1).quirks
    server.lines.remove("hole holding 5 5")
    server.restart()
    count, result = await reader.run()
    assert isinstance(result, PartialCollect)  # its time has not come
    (pause,) = quirks._refused.values()
    pause._until = 0.0
    reader.session._job.readers[0]._program = None
    before = len(server.asked)
    _, columns = await reader.run()
    assert whole(columns, [{"address": n} for n in range(10)])
    count, columns = await reader.run()
    assert count <= len(server.asked) - before
    assert whole(columns, [{"address": n} for n in range(10)])
    await reader.stop()


async def test_tasks_of_one_unit_share_what_was_learned(start_modbus):
    """The second task of a unit needs no discovery of its own."""
    server = start_modbus([CONTENT, "hole holding 20 29"])
    registers = [{"address": n} for n in range(60) if not 20 <= n < 30]
    one, two = Task(server, registers), Task(server, registers)
    assert (await one.run())[0] > 2
    assert (await two.run())[0] == 2
    await one.stop()
    await two.stop()


async def test_requests_are_a_metric(task):
    """What the run sent, as the server counted it."""
    reader = task([{"address": n * 40} for n in range(10)])
    count, columns = await reader.run()
    got = {s.metric.name: v for s, v in zip(columns.series, columns.values, strict=True)}
    assert got["modbus_requests"] == count == 10
