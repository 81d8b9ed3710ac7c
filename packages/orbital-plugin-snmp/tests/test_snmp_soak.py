"""A day of polls, as fast as they go: neither memory nor descriptors grow.

ORBITAL_SOAK_ROUNDS=8640 is the day of a task that runs every 10 s; left out, a few minutes of it.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from orbital_plugin_snmp import Snmp, SnmpConfig, SnmpDevice
from orbital_sdk import DeviceUnreachable
from orbital_sdk.testing import FakeHost, make_context
from orbital_testbench.ports import free_port
from orbital_testbench.server import running
from orbital_testbench.snmpd import PASSWORDS, Snmpd

pytestmark = pytest.mark.real

ROUNDS = int(os.environ.get("ORBITAL_SOAK_ROUNDS", "120"))
DEAD_EVERY = 100
"""Rounds from one poll of a device that is away to the next."""
SLACK = 4 << 20
"""Bytes that the allocator may need more or less of; a poll that leaves 200 behind shows in a day."""
V3 = {
    "version": "3", "username": "sha-256-aes", "auth_protocol": "SHA256", "auth_password": PASSWORDS[0],
    "priv_protocol": "AES", "priv_password": PASSWORDS[1],
}  # fmt: skip


class Use(NamedTuple):
    """What this process holds."""

    resident: int
    """Bytes."""
    descriptors: int


def use():
    """With all that is free given back to the system."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Use(pages * os.sysconf("SC_PAGE_SIZE"), len(list(Path("/proc/self/fd").iterdir())))


@pytest.fixture
def network(tmp_path):
    yield from running(Snmpd(tmp_path / "snmpd", everywhere=True))


async def test_a_day(network, capsys):
    """Devices of v2c and v3, labels looked up again and again, a restart at noon, and one that is away."""
    ways = ({}, {}, V3)
    alive = [
        SnmpDevice.model_validate({"host": f"127.0.6.{n}", "port": network.port} | way)
        for n, way in enumerate(ways, 1)
    ]
    away = SnmpDevice(host="127.0.6.9", port=free_port())
    config = {"profiles": ["system", "if_mib"], "timeout": 2, "label_refresh": "100ms"}
    plugin = Snmp(SnmpConfig.model_validate(config))
    quick = Snmp(SnmpConfig.model_validate(config | {"timeout": "50ms", "retries": 0}))
    await plugin.start(FakeHost())
    await quick.start(FakeHost())
    sessions = [await plugin.open(device) for device in alive]
    warm, samples, began, before = max(30, ROUNDS // 20), 0, 0.0, Use(0, 0)
    for number in range(warm + ROUNDS):
        if number == warm:
            began, before, samples = time.monotonic(), use(), 0
        if number == warm + ROUNDS // 2:
            await asyncio.to_thread(network.restart)
        polls = [session.collect(make_context()) for session in sessions]
        samples += sum(len(columns.series) for columns in await asyncio.gather(*polls))
        if number % DEAD_EVERY == 0:
            session = await quick.open(away)
            with pytest.raises(DeviceUnreachable):
                await session.collect(make_context())
    seconds, after = time.monotonic() - began, use()
    await plugin.stop()
    await quick.stop()
    with capsys.disabled():
        print(  # noqa: T201 (the figures of docs/performance.md)
            f"\n{ROUNDS} rounds, {ROUNDS * len(alive)} polls, {samples} samples in {seconds:.0f} s;"
            f" resident {before.resident >> 10} -> {after.resident >> 10} KiB;"
            f" descriptors {before.descriptors} -> {after.descriptors}"
        )
    assert samples > 100 * ROUNDS
    assert after.descriptors == before.descriptors
    assert after.resident - before.resident < SLACK
    assert use().descriptors < after.descriptors
