"""A day of polls in seconds: nothing grows."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest

from orbital_plugin_snmp import Snmp, SnmpConfig, SnmpDevice
from orbital_plugin_snmp.polling.task import PollTask
from orbital_plugin_snmp.profiles.loading import resolve, shipped
from orbital_plugin_snmp.tables.families import Families
from orbital_plugin_snmp.tables.plan import compile_profiles
from orbital_plugin_snmp.testing import FakeReader
from orbital_sdk import DeviceUnreachable
from orbital_sdk.testing import FakeHost, make_context
from orbital_testbench.ports import free_port

POLLS = 480
"""Of a day, one every three minutes."""
HOUR = POLLS // 24
OCTETS, NAME = "1.3.6.1.2.1.2.2.1.10", "1.3.6.1.2.1.31.1.1.1.1"
UPTIME, CHANGED = "1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.31.1.5.0"


def device_at(poll):
    """Three interfaces that never change, one that is another each hour, and a restart at noon."""
    objects = {UPTIME: ("ticks", (poll if poll < POLLS // 2 else poll - POLLS // 2) * 18000)}
    objects[CHANGED] = ("ticks", poll // HOUR)
    for index in (1, 2, 3, 100 + poll // HOUR):
        objects[f"{OCTETS}.{index}"] = ("counter", poll * 1000 + index)
        objects[f"{NAME}.{index}"] = f"if{index}"
    return objects


def descriptors():
    """How many this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_memory():
    """Rows that come and go, restarts and counters leave nothing behind."""
    plan = compile_profiles(resolve(["default"], shipped()), Families())
    task, reader = PollTask(plan, refresh=600, wrap=True), FakeReader({})
    sizes = {}
    tracemalloc.start()
    try:
        for poll in range(POLLS):
            reader.objects = device_at(poll)
            reader.walked.clear()
            reader.asked.clear()
            out = (await task.poll(reader)).output
            assert len(out.series) >= 4 or poll == POLLS // 2
            if poll in (POLLS // 4, POLLS - 1):
                gc.collect()
                sizes[poll] = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    early, late = sizes.values()
    assert late - early < 30_000, "18 hours more, and 18 interfaces that are gone"


@pytest.mark.real
async def test_descriptors(snmpd):
    """Hundreds of polls of devices that answer and of some that do not use one socket."""
    plugin = Snmp(SnmpConfig(profiles=("system",), timeout=0.05, retries=0))
    alive = SnmpDevice(host=snmpd.host, port=snmpd.port)
    dead = SnmpDevice(host=snmpd.host, port=free_port())
    await plugin.start(FakeHost())
    before = None
    for poll in range(300):
        await (await plugin.open(alive)).collect(make_context())
        if poll % 100 == 0:
            session = await plugin.open(dead)
            with pytest.raises(DeviceUnreachable):
                await session.collect(make_context())
            before = before or descriptors()
    assert descriptors() == before
    await plugin.stop()
    assert descriptors() < before
