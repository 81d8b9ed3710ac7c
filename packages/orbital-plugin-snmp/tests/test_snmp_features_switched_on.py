"""What a device has only later: a feature that was switched on, with or without a restart."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import pytest

from orbital_plugin_snmp.device import SnmpDevice
from orbital_plugin_snmp.lldp.neighbours import COUNT
from orbital_plugin_snmp.plugin import Snmp, SnmpConfig
from orbital_sdk.testing import FakeHost, make_context
from orbital_testbench.hostile_agent import HostileAgent
from orbital_testbench.snmp_message import GET, number, tlv, varbind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from orbital_sdk import Session
    from orbital_testbench.hostile_agent import Datagram
    from orbital_testbench.snmp_message import SnmpRequest

NO_SUCH_OBJECT, END_OF_MIB = b"\x80\0", b"\x82\0"
UPTIME = "1.3.6.1.2.1.1.3.0"
TICKS = 0x43
REMOTE = "1.0.8802.1.1.2.1.4.1.1"
LLDP = {
    f"{REMOTE}.4.0.1.1": number(4),
    f"{REMOTE}.5.0.1.1": tlv(4, b"\x00\x1b\x21\x3c\x9d\xf8"),
    f"{REMOTE}.6.0.1.1": number(5),
    f"{REMOTE}.7.0.1.1": tlv(4, b"eth0"),
    f"{REMOTE}.9.0.1.1": tlv(4, b"core-switch"),
}


class Objects:
    """A device of these objects, whole values by OID."""

    def __init__(self) -> None:
        self.values = {UPTIME: number(1_000_000, TICKS)}

    def __call__(self, request: SnmpRequest) -> list[Datagram | bytes]:
        if request.kind == GET:
            values = [(oid, self.values.get(oid, NO_SUCH_OBJECT)) for oid in request.oids]
            return [request.answer(*(varbind(*each) for each in values))]
        cells, at = list[bytes](), list(request.oids)
        for _ in range(min(request.repetitions, 10)):
            at = [self._after(oid) for oid in at]
            cells += [varbind(oid, self.values.get(oid, END_OF_MIB)) for oid in at]
        return [request.answer(*cells)]

    def _after(self, oid: str) -> str:
        known = sorted(self.values, key=_numbers)
        at = bisect_right(known, _numbers(oid), key=_numbers)
        return known[at] if at < len(known) else oid


def _numbers(oid: str) -> tuple[int, ...]:
    return tuple(map(int, oid.split(".")))


@pytest.fixture
def objects() -> Objects:
    return Objects()


@pytest.fixture
def agent(objects: Objects) -> Iterator[HostileAgent]:
    with HostileAgent(objects) as running:
        yield running


class Bench:
    """The plugin and one task of it."""

    def __init__(self, agent: HostileAgent, folder) -> None:
        kind = type("Remembering", (Snmp,), {"folder": folder})
        self.plugin = kind(SnmpConfig(profiles=("lldp",), timeout=1, retries=1))
        self.session: Session | None = None
        self._device = SnmpDevice.model_validate({"host": agent.host, "port": agent.port})

    async def neighbours(self) -> float | None:
        """How many one poll tells of; None where it does not say."""
        self.session = self.session or await self.plugin.open(self._device)
        given = await self.session.collect(make_context())
        return dict(zip(given.series, given.values, strict=True)).get(COUNT.series())


@pytest.fixture
async def bench(agent, tmp_path) -> AsyncIterator[Bench]:
    bench = Bench(agent, tmp_path)
    await bench.plugin.start(FakeHost())
    yield bench
    await bench.plugin.stop()


def asks_for_lldp(agent, since: int) -> bool:
    return any(oid.startswith(REMOTE) for request in agent.parsed[since:] for oid in request.oids)


async def test_what_a_device_has_after_a_restart_is_seen_with_the_next_poll(agent, objects, bench):
    """LLDP is switched on and the device, or its agent, starts again: the notes of what it lacks go."""
    for _ in range(2):
        assert await bench.neighbours() == 0
    before = len(agent.requests)
    assert await bench.neighbours() == 0
    assert not asks_for_lldp(agent, before), "what it does not have is not asked for at every poll"
    objects.values |= LLDP | {UPTIME: number(50, TICKS)}
    await bench.neighbours()
    assert await bench.neighbours() == 1


async def test_a_restart_of_the_agent_looks_again_as_well(agent, objects, bench, tmp_path):
    """What a device lacked yesterday is not noted for tomorrow."""
    assert await bench.neighbours() == 0
    objects.values |= LLDP
    assert await bench.neighbours() == 0
    await bench.plugin.stop()
    again = Bench(agent, tmp_path)
    await again.plugin.start(FakeHost())
    assert await again.neighbours() == 1
    await again.plugin.stop()
