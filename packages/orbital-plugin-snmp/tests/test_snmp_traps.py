"""Notifications that net-snmp's snmptrap sends become counters and gauges."""

from __future__ import annotations

import socket

import pytest

from orbital_plugin_snmp.traps.listener import Bucket
from orbital_plugin_snmp.traps.plugin import SnmpTrap
from orbital_sdk import ConfigurationError
from orbital_sdk.testing import check_plugin, check_receiver
from orbital_testbench.ports import free_port

pytestmark = pytest.mark.real

LINK_DOWN, LINK_UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"
IF_INDEX = "1.3.6.1.2.1.2.2.1.1"
USER = {"username": "signed", "auth_protocol": "SHA256", "auth_password": "auth-password"}


async def test_v1(traps):
    """Generic and specific traps are named as v2 does, by the agent's address that they say."""
    async with traps.listening() as plugin:
        ours = ("-v1", "-c", "public", "@", "1.3.6.1.4.1.99999", "192.0.2.7")
        await traps.send(plugin, *ours, "2", "0", "", IF_INDEX + ".5", "i", "5")
        await traps.send(plugin, *ours, "6", "7", "", "1.3.6.1.4.1.99999.1.2.0", "i", "215")
        got = await traps.told(plugin)
        source = {"source": "192.0.2.7"}
        assert got.value("snmp_traps_received_total", trap=LINK_DOWN, **source) == 1
        assert got.value("snmp_traps_received_total", trap="1.3.6.1.4.1.99999.0.7", **source) == 1
        assert got.value("link_up", ifIndex="5", **source) == 0
        assert got.value("acme_temperature", **source) == pytest.approx(21.5)


async def test_v2c(traps):
    """Counters count on from run to run, gauges keep what was said last, filters hold."""
    async with traps.listening() as plugin:
        ours = ("-v2c", "-c", "public", "@", "")
        for trap in (LINK_DOWN, LINK_UP):
            await traps.send(plugin, *ours, trap, IF_INDEX + ".2", "i", "2")
        for text in ("bad fan", "bad fan", "fine"):
            await traps.send(
                plugin, *ours, "1.3.6.1.4.1.99999.0.1", "1.3.6.1.4.1.99999.1.1.3.9", "s", text
            )
        for _ in range(2):
            got = await traps.told(plugin)
            assert got.value("link_up", source="127.0.0.1", ifIndex="2") == 1
            assert got.value("acme_alarms_total", what="bad fan", row="3.9") == 2
            assert got.value("snmp_traps_received_total", trap="1.3.6.1.4.1.99999.0.1") == 3


async def test_informs_are_answered(traps):
    """Snmpinform is content: it got its response at the first attempt."""
    async with traps.listening() as plugin:
        await traps.send(
            plugin, "-v2c", "-c", "public", "-r", "0", "@", "", LINK_UP, program="snmpinform"
        )
        assert (await traps.told(plugin)).value("snmp_traps_received_total", trap=LINK_UP) == 1


async def test_strangers_of_v2c(traps):
    """So does a community that nobody accepts, and what is not SNMP."""
    async with traps.listening() as plugin:
        await traps.send(plugin, "-v2c", "-c", "guess", "@", "", LINK_UP)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"hello", ("127.0.0.1", plugin.config.port))
        await traps.read_all()
        got = await traps.told(plugin)
        assert got.value("snmp_traps_dropped_total", reason="community") == 1
        assert got.value("snmp_traps_dropped_total", reason="malformed") == 1
        assert "snmp_traps_received_total" not in got.names


async def test_tasks_of_single_devices(traps):
    """A task with a host tells what that device sent, and nothing else."""
    async with traps.listening() as plugin:
        await traps.send(
            plugin, "-v1", "-c", "public", "@", "1.3.6.1.4.1.9", "192.0.2.7", "0", "0", ""
        )
        await traps.send(plugin, "-v2c", "-c", "public", "@", "", LINK_UP)
        one = await traps.told(plugin, host="localhost")
        assert one.value("snmp_traps_received_total") == 1
        other = await traps.told(plugin, host="192.0.2.7")
        assert other.value("snmp_traps_received_total", source="192.0.2.7") == 1


async def test_a_port_is_shared(traps):
    """Two instances with other rules both get what arrives, and the port is free after the last."""
    port = free_port()
    async with traps.listening(port=port) as plugin:
        async with traps.listening(port=port, rules=[]) as other:
            await traps.send(plugin, "-v2c", "-c", "public", "@", "", LINK_UP)
            for one in (plugin, other):
                assert (await traps.told(one)).value("snmp_traps_received_total") == 1
        await traps.send(plugin, "-v2c", "-c", "public", "@", "", LINK_UP)
        assert (await traps.told(plugin)).value("snmp_traps_received_total") == 2
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", port))
        with pytest.raises(ConfigurationError, match=f"UDP port {port} of 127.0.0.1 cannot be"):
            async with traps.listening(port=port):
                pass


async def test_floods_are_bounded(traps):
    """Above the rate, and above the series that are allowed, is dropped and counted."""
    async with traps.listening(rate=5, max_series=1) as plugin:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for _ in range(20):
                sock.sendto(b"\x30\x00", ("127.0.0.1", plugin.config.port))
        await traps.read_all()
        got = await traps.told(plugin)
        dropped = [got.value("snmp_traps_dropped_total", reason=w) for w in ("rate", "malformed")]
        assert sum(dropped) == 20
        assert dropped[0] >= 10
    async with traps.listening(max_series=1) as plugin:
        for trap in (LINK_UP, LINK_DOWN):
            await traps.send(plugin, "-v2c", "-c", "public", "@", "", trap)
        got = await traps.told(plugin)
        assert got.value("snmp_traps_received_total") == 1
        assert got.value("snmp_traps_dropped_total", reason="series") == 3  # 2 of link_up, 1 of 2


def test_a_bucket():
    """As many at once as a second brings, then as time goes by."""
    now = 0.0
    bucket = Bucket(2, lambda: now)
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    now = 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    now = 100
    assert [bucket.take() for _ in range(3)] == [True, True, False]


async def test_contract():
    """The plugin keeps every promise that the SDK checks, its secrets too."""
    await check_plugin(
        SnmpTrap,
        {},
        {"listen": "127.0.0.1", "port": free_port(), "communities": ["c0mmunity"], "users": [USER]},
    )


async def test_contract_of_a_receiver(traps):
    """It hands over what arrives, waits while it has to, ends in time, and lets go of its port."""

    def make():
        return {}, {"listen": "127.0.0.1", "port": free_port()}

    async def speak(device, config):
        datagram = await traps.recorded("-v2c", "-c", "public", "@", "", LINK_UP)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(datagram, ("127.0.0.1", config.port))

    await check_receiver(SnmpTrap, make, speak)
