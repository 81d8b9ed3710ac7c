"""Notifications of SNMPv3: users, levels, clocks, and strangers."""

from __future__ import annotations

import pytest

from orbital_plugin_snmp.traps.own_engine import lasting

pytestmark = pytest.mark.real

LINK_UP = "1.3.6.1.6.3.1.1.5.4"
ENGINE = "0x8000000001020304"
AUTH, PRIV = "auth-password", "priv-password"
LEVELS = {
    "open": ("noAuthNoPriv",),
    "signed": ("authNoPriv", "-a", "SHA-256", "-A", AUTH),
    "secret": ("authPriv", "-a", "SHA", "-A", AUTH, "-x", "AES", "-X", PRIV),
}


@pytest.mark.parametrize("user", LEVELS)
async def test_v3(traps, user, tmp_path):
    """Traps of v3 at every level, by users of ours."""
    async with traps.listening() as plugin:
        words = ("-v3", "-e", ENGINE, "-u", user, "-l", *LEVELS[user], "@", "", LINK_UP)
        for _ in range(2):
            await traps.send(plugin, *words, folder=tmp_path)
        got = await traps.told(plugin)
        assert got.value("snmp_traps_received_total", trap=LINK_UP) == 2
        assert got.value("snmp_traps_dropped_total", reason="user") == 0


OURS = "80000000051122334455"
ONCE = ("-v3", "-r", "0", "-t", "0.5")


@pytest.mark.parametrize("user", LEVELS)
async def test_informs_of_v3(traps, user, tmp_path):
    """A sender asks who we are, and gets its response at the first attempt, at every level."""
    async with traps.listening() as plugin:
        words = (*ONCE, "-u", user, "-l", *LEVELS[user], "@", "", LINK_UP)
        for _ in range(2):
            await traps.send(plugin, *words, program="snmpinform", folder=tmp_path)
        got = await traps.told(plugin)
        assert got.value("snmp_traps_received_total", trap=LINK_UP) == 2
        assert sum(plugin._drops.values()) == 0


async def test_a_sender_with_an_old_clock(traps, tmp_path):
    """Who knew us before we started again is told our clock, and its next attempt is taken."""
    async with traps.listening(engine_id=OURS) as plugin:
        words = ("-u", "secret", "-l", *LEVELS["secret"], "-e", f"0x{OURS}", "-Z", "7,77")
        await traps.send(
            plugin, "-v3", *words, "@", "", LINK_UP, program="snmpinform", folder=tmp_path
        )
        got = await traps.told(plugin)
        assert got.value("snmp_traps_dropped_total", reason="clock") == 1
        assert got.value("snmp_traps_received_total", trap=LINK_UP) == 1


async def test_a_trap_of_the_past(traps, tmp_path):
    """Who recorded a trap cannot send it again later."""
    async with traps.listening() as plugin:
        words = ("-v3", "-e", ENGINE, "-u", "signed", "-l", *LEVELS["signed"])
        for clock in ("5,1000", "4,900", "5,100"):
            await traps.send(plugin, *words, "-Z", clock, "@", "", LINK_UP, folder=tmp_path)
        got = await traps.told(plugin)
        assert got.value("snmp_traps_received_total", trap=LINK_UP) == 1
        assert got.value("snmp_traps_dropped_total", reason="clock") == 2


async def test_a_sender_that_takes_us_for_another(traps, tmp_path):
    """It is told who we are; a message that was not for us does not count."""
    async with traps.listening(engine_id=OURS) as plugin:
        words = (*ONCE, "-u", "secret", "-l", *LEVELS["secret"], "-e", ENGINE, "@", "", LINK_UP)
        assert not await traps.send(
            plugin, *words, program="snmpinform", folder=tmp_path, check=False
        )
        got = await traps.told(plugin)
        assert got.value("snmp_traps_dropped_total", reason="engine") == 1
        assert "snmp_traps_received_total" not in got.names


async def test_informs_of_strangers(traps, tmp_path):
    """A wrong password gets no answer, and counts."""
    async with traps.listening() as plugin:
        words = (
            *ONCE,
            "-u",
            "signed",
            "-l",
            "authNoPriv",
            "-a",
            "SHA-256",
            "-A",
            "another-password",
        )
        assert not await traps.send(
            plugin, *words, "@", "", LINK_UP, program="snmpinform", folder=tmp_path, check=False
        )
        assert (await traps.told(plugin)).value("snmp_traps_dropped_total", reason="user") == 1


def test_our_engine_after_a_restart(tmp_path):
    """Devices know the same engine, booted once more; without a folder it is another one each time."""
    start = lasting.__wrapped__
    first, second, other = [start(tmp_path, b"") for _ in range(2)] + [start(None, b"")]
    assert (second.id, second.boots) == (first.id, first.boots + 1)
    assert other.id not in (first.id, start(None, b"").id)
    assert start(tmp_path, b"12345").id == b"12345"
    (tmp_path / "engine.json").write_text('{"id": 5}')
    assert start(tmp_path, b"").boots == 1
    assert start(tmp_path / "no" / "folder", b"").boots == 1


@pytest.mark.parametrize(
    "words",
    [
        ("-u", "stranger", "-l", "noAuthNoPriv"),
        ("-u", "signed", "-l", "noAuthNoPriv"),
        ("-u", "signed", "-l", "authNoPriv", "-a", "SHA-256", "-A", "another-password"),
        ("-u", "secret", "-l", "authNoPriv", "-a", "SHA", "-A", AUTH),
    ],
)
async def test_strangers_of_v3(traps, words, tmp_path):
    """An unknown user, a wrong password or too little security count, and say nothing."""
    async with traps.listening() as plugin:
        await traps.send(plugin, "-v3", "-e", ENGINE, *words, "@", "", LINK_UP, folder=tmp_path)
        got = await traps.told(plugin)
        assert got.value("snmp_traps_dropped_total", reason="user") == 1
        assert "snmp_traps_received_total" not in got.names
