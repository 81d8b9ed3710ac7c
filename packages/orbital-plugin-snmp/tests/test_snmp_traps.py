"""Notifications that net-snmp's snmptrap sends become counters and gauges."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from contextlib import asynccontextmanager

import pytest
from pydantic import ValidationError

from orbital_plugin_snmp.traps.listener import Bucket
from orbital_plugin_snmp.traps.metrics import REASONS
from orbital_plugin_snmp.traps.outbox import ROOM
from orbital_plugin_snmp.traps.own_engine import lasting
from orbital_plugin_snmp.traps.plugin import SnmpTrap
from orbital_plugin_snmp.traps.settings import TrapConfig, TrapDevice
from orbital_sdk import BufferRefused, ConfigurationError
from orbital_sdk.testing import FakeEmit, FakeHost, Runs, check_plugin, check_receiver
from orbital_testbench.ports import free_port
from orbital_testbench.programs import MissingProgramError, find_program, skip_or_fail

pytestmark = pytest.mark.real

LINK_DOWN, LINK_UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"
PLAIN, OTHER = "1.3.6.1.4.1.9.0.1", "1.3.6.1.4.1.9.0.2"
"""No rule is for these."""
IF_INDEX, IF_DESCR = "1.3.6.1.2.1.2.2.1.1", "1.3.6.1.2.1.2.2.1.2"
ENGINE = "0x8000000001020304"
AUTH, PRIV = "auth-password", "priv-password"
LABEL = {"label": "ifIndex", "varbind": IF_INDEX, "type": "gauge"}
RULES = [
    {"metric": "link_up", "trap": LINK_DOWN, "type": "gauge", "value": 0, "labels": [LABEL]},
    {"metric": "link_up", "trap": LINK_UP, "type": "gauge", "value": 1, "labels": [LABEL]},
    {
        "metric": "acme_alarms_total",
        "trap": "1.3.6.1.4.1.99999.*",
        "where": [{"varbind": "1.3.6.1.4.1.99999.1.1", "matches": "bad.*"}],
        "labels": [
            {"label": "what", "varbind": "1.3.6.1.4.1.99999.1.1"},
            {"label": "row", "varbind": "1.3.6.1.4.1.99999.1.1", "index": True},
        ],
    },
    {
        "metric": "acme_temperature",
        "trap": "1.3.6.1.4.1.99999.0.7",
        "type": "gauge",
        "value": "1.3.6.1.4.1.99999.1.2",
        "scale": 0.1,
    },
]
USERS = [
    {"username": "open"},
    {"username": "signed", "auth_protocol": "SHA256", "auth_password": AUTH},
    {"username": "secret", "auth_protocol": "SHA", "auth_password": AUTH, "priv_protocol": "AES",
     "priv_password": PRIV},
]  # fmt: skip
LEVELS = {
    "open": ("noAuthNoPriv",),
    "signed": ("authNoPriv", "-a", "SHA-256", "-A", AUTH),
    "secret": ("authPriv", "-a", "SHA", "-A", AUTH, "-x", "AES", "-X", PRIV),
}


@asynccontextmanager
async def started(**changes):
    """A plugin with these settings."""
    settings = {"listen": "127.0.0.1", "port": free_port(), "rules": RULES, "users": USERS}
    plugin = SnmpTrap(TrapConfig.model_validate(settings | changes))
    await plugin.start(FakeHost())
    try:
        yield plugin
    finally:
        await plugin.stop()


@asynccontextmanager
async def serving(plugin, emit, **device):
    """It serves a task."""
    work = asyncio.create_task(plugin.serve(TrapDevice(**device), emit))
    boxes = len(plugin._boxes)
    while len(plugin._boxes) == boxes and not work.done():  # noqa: ASYNC110 (it has no event)
        await asyncio.sleep(0)
    if work.done():
        await work
    try:
        yield
    finally:
        work.cancel()
        await asyncio.wait({work})


@asynccontextmanager
async def listening(emit=None, **changes):
    """A plugin that listens for all devices."""
    async with started(**changes) as plugin, serving(plugin, emit or FakeEmit()):
        yield plugin


async def send(plugin, *words, program="snmptrap", folder=None, check=True):
    """Send by net-snmp's tool, and let the listener read; True if the tool was content."""
    try:
        path = find_program(program, package="snmp")
    except MissingProgramError as missing:
        skip_or_fail(missing)
    place = f"127.0.0.1:{plugin.config.port}"
    command = [str(path), *(place if word == "@" else word for word in words)]
    environment = {"SNMP_PERSISTENT_DIR": str(folder or "/nonexistent"), "MIBS": ""}
    done = await asyncio.to_thread(
        subprocess.run, command, check=check, capture_output=True, text=True, env=environment
    )
    await read_all()
    return done.returncode == 0


async def recorded(*words):
    """The datagram that such a trap is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{sock.getsockname()[1]}"
        path = str(find_program("snmptrap", package="snmp"))
        command = [path, *(place if word == "@" else word for word in words)]
        await asyncio.to_thread(subprocess.run, command, check=True, env={"MIBS": ""})
        return sock.recv(65535)


def now_ms():
    return time.time_ns() // 1_000_000


async def read_all():
    """What a socket of loopback was sent is there at once; the loop reads it in its next rounds."""
    for _ in range(5):
        await asyncio.sleep(0)


async def told(plugin, **device):
    collection = await Runs(plugin, TrapDevice(**device)).collect()
    assert collection.error is None
    return collection


async def test_v1():
    """Generic and specific traps are named as v2 does, by the agent's address that they say."""
    async with listening() as plugin:
        ours = ("-v1", "-c", "public", "@", "1.3.6.1.4.1.99999", "192.0.2.7")
        await send(plugin, *ours, "2", "0", "", IF_INDEX + ".5", "i", "5")
        await send(plugin, *ours, "6", "7", "", "1.3.6.1.4.1.99999.1.2.0", "i", "215")
        got = await told(plugin)
        source = {"source": "192.0.2.7"}
        assert got.value("snmp_traps_received_total", trap=LINK_DOWN, **source) == 1
        assert got.value("snmp_traps_received_total", trap="1.3.6.1.4.1.99999.0.7", **source) == 1
        assert got.value("link_up", ifIndex="5", **source) == 0
        assert got.value("acme_temperature", **source) == pytest.approx(21.5)


async def test_v2c():
    """Counters count on from run to run, gauges keep what was said last, filters hold."""
    async with listening() as plugin:
        ours = ("-v2c", "-c", "public", "@", "")
        for trap in (LINK_DOWN, LINK_UP):
            await send(plugin, *ours, trap, IF_INDEX + ".2", "i", "2")
        for text in ("bad fan", "bad fan", "fine"):
            await send(
                plugin, *ours, "1.3.6.1.4.1.99999.0.1", "1.3.6.1.4.1.99999.1.1.3.9", "s", text
            )
        for _ in range(2):
            got = await told(plugin)
            assert got.value("link_up", source="127.0.0.1", ifIndex="2") == 1
            assert got.value("acme_alarms_total", what="bad fan", row="3.9") == 2
            assert got.value("snmp_traps_received_total", trap="1.3.6.1.4.1.99999.0.1") == 3


async def test_a_trap_is_handed_over_when_it_arrives():
    """Not at the task's next run: what it changed, at the time of its arrival; a run tells it again."""
    emit = FakeEmit()
    async with listening(emit) as plugin:
        before = now_ms()
        await send(plugin, "-v2c", "-c", "public", "@", "", LINK_DOWN, IF_INDEX + ".2", "i", "2")
        counted, link = await emit.wait(2)
        assert (counted.series.metric.name, counted.value) == ("snmp_traps_received_total", 1)
        assert (link.series.metric.name, link.value) == ("link_up", 0)
        assert before <= counted.ts == link.ts <= now_ms()
        again = (await told(plugin)).samples
        assert {s.ts for s in again} == {max(s.ts for s in again)}
        assert again[0].ts > link.ts


async def test_an_inform_is_answered_when_the_buffer_has_it():
    """A sender that has its response may forget it: so nobody has one while the buffer is full."""
    emit = FakeEmit()
    async with listening(emit) as plugin:
        words = ("-v2c", "-c", "public", "-r", "0", "-t", "0.3", "@", "", LINK_UP)
        emit.hold()
        assert not await send(plugin, *words, program="snmpinform", check=False)
        patient = (*words[:6], "20", *words[7:])
        sending = asyncio.create_task(send(plugin, *patient, program="snmpinform"))
        await emit.held()
        emit.release()
        assert await sending
        counts = [s.value for s in emit.samples if s.series.metric is plugin.received]
        assert counts == [1, 2]


async def test_what_the_buffer_refuses_is_counted_and_not_answered():
    """The listener lives on, the sender tries again, and the counts come with the next run."""
    emit = FakeEmit()
    async with listening(emit) as plugin:
        emit.error = BufferRefused("the buffer is full")
        words = ("-v2c", "-c", "public", "-r", "0", "-t", "0.3", "@", "", LINK_UP)
        assert not await send(plugin, *words, program="snmpinform", check=False)
        emit.error = None
        assert await send(plugin, *words, program="snmpinform")
        got = await told(plugin)
        assert got.value("snmp_traps_dropped_total", reason="buffer") == 1
        assert got.value("snmp_traps_received_total", trap=LINK_UP) == 2


async def test_what_waits_is_bounded():
    """While the buffer takes nothing, so many notifications wait; further ones are counted."""
    emit = FakeEmit()
    async with listening(emit, rate=100_000) as plugin:
        emit.hold()
        datagram = await recorded("-v2c", "-c", "public", "@", "", PLAIN)
        for _ in range(ROOM + 7):
            plugin.take(datagram, "192.0.2.1", print)
        assert {why: n for why in REASONS if (n := plugin._drops[why])} == {"queue": 7}
        emit.release()
        (last,) = await emit.wait()
        assert last.value == ROOM


async def test_what_waits_at_the_end_is_handed_over():
    """A trap that was read is not lost by a stop."""
    emit = FakeEmit()
    async with started() as plugin:
        datagram = await recorded("-v2c", "-c", "public", "@", "", PLAIN)
        async with serving(plugin, emit):
            plugin.take(datagram, "192.0.2.1", print)
        assert len(await emit.wait()) == 1


async def test_tasks_of_equal_settings_share_a_listener():
    """Each is handed what its device sent, and an inform is answered when all of them have it."""
    one, other, everything = FakeEmit(), FakeEmit(), FakeEmit()
    async with (
        started() as plugin,
        serving(plugin, one, host="localhost"),
        serving(plugin, other, host="192.0.2.7"),
    ):
        async with serving(plugin, everything):
            await send(plugin, "-v2c", "-c", "public", "@", "", PLAIN)
            assert len(await one.wait()) == len(await everything.wait()) == 1
            everything.hold()
            words = ("-v2c", "-c", "public", "-r", "0", "-t", "0.3", "@", "", PLAIN)
            assert not await send(plugin, *words, program="snmpinform", check=False)
            everything.release()
        one.samples.clear()
        await send(plugin, "-v2c", "-c", "public", "@", "", OTHER)
        (sample,) = await one.wait()
        assert sample.series.values == ("127.0.0.1", OTHER)
        assert other.samples == []


async def test_informs_are_answered():
    """Snmpinform is content: it got its response at the first attempt."""
    async with listening() as plugin:
        await send(
            plugin, "-v2c", "-c", "public", "-r", "0", "@", "", LINK_UP, program="snmpinform"
        )
        assert (await told(plugin)).value("snmp_traps_received_total", trap=LINK_UP) == 1


@pytest.mark.parametrize("user", LEVELS)
async def test_v3(user, tmp_path):
    """Traps of v3 at every level, by users of ours."""
    async with listening() as plugin:
        words = ("-v3", "-e", ENGINE, "-u", user, "-l", *LEVELS[user], "@", "", LINK_UP)
        for _ in range(2):
            await send(plugin, *words, folder=tmp_path)
        got = await told(plugin)
        assert got.value("snmp_traps_received_total", trap=LINK_UP) == 2
        assert got.value("snmp_traps_dropped_total", reason="user") == 0


OURS = "80000000051122334455"
ONCE = ("-v3", "-r", "0", "-t", "0.5")


@pytest.mark.parametrize("user", LEVELS)
async def test_informs_of_v3(user, tmp_path):
    """A sender asks who we are, and gets its response at the first attempt, at every level."""
    async with listening() as plugin:
        words = (*ONCE, "-u", user, "-l", *LEVELS[user], "@", "", LINK_UP)
        for _ in range(2):
            await send(plugin, *words, program="snmpinform", folder=tmp_path)
        got = await told(plugin)
        assert got.value("snmp_traps_received_total", trap=LINK_UP) == 2
        assert sum(plugin._drops.values()) == 0


async def test_a_sender_with_an_old_clock(tmp_path):
    """Who knew us before we started again is told our clock, and its next attempt is taken."""
    async with listening(engine_id=OURS) as plugin:
        words = ("-u", "secret", "-l", *LEVELS["secret"], "-e", f"0x{OURS}", "-Z", "7,77")
        await send(plugin, "-v3", *words, "@", "", LINK_UP, program="snmpinform", folder=tmp_path)
        got = await told(plugin)
        assert got.value("snmp_traps_dropped_total", reason="clock") == 1
        assert got.value("snmp_traps_received_total", trap=LINK_UP) == 1


async def test_a_trap_of_the_past(tmp_path):
    """Who recorded a trap cannot send it again later."""
    async with listening() as plugin:
        words = ("-v3", "-e", ENGINE, "-u", "signed", "-l", *LEVELS["signed"])
        for clock in ("5,1000", "4,900", "5,100"):
            await send(plugin, *words, "-Z", clock, "@", "", LINK_UP, folder=tmp_path)
        got = await told(plugin)
        assert got.value("snmp_traps_received_total", trap=LINK_UP) == 1
        assert got.value("snmp_traps_dropped_total", reason="clock") == 2


async def test_a_sender_that_takes_us_for_another(tmp_path):
    """It is told who we are; a message that was not for us does not count."""
    async with listening(engine_id=OURS) as plugin:
        words = (*ONCE, "-u", "secret", "-l", *LEVELS["secret"], "-e", ENGINE, "@", "", LINK_UP)
        assert not await send(plugin, *words, program="snmpinform", folder=tmp_path, check=False)
        got = await told(plugin)
        assert got.value("snmp_traps_dropped_total", reason="engine") == 1
        assert "snmp_traps_received_total" not in got.names


async def test_informs_of_strangers(tmp_path):
    """A wrong password gets no answer, and counts."""
    async with listening() as plugin:
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
        assert not await send(
            plugin, *words, "@", "", LINK_UP, program="snmpinform", folder=tmp_path, check=False
        )
        assert (await told(plugin)).value("snmp_traps_dropped_total", reason="user") == 1


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
async def test_strangers_of_v3(words, tmp_path):
    """An unknown user, a wrong password or too little security count, and say nothing."""
    async with listening() as plugin:
        await send(plugin, "-v3", "-e", ENGINE, *words, "@", "", LINK_UP, folder=tmp_path)
        got = await told(plugin)
        assert got.value("snmp_traps_dropped_total", reason="user") == 1
        assert "snmp_traps_received_total" not in got.names


async def test_strangers_of_v2c():
    """So does a community that nobody accepts, and what is no SNMP."""
    async with listening() as plugin:
        await send(plugin, "-v2c", "-c", "guess", "@", "", LINK_UP)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"hello", ("127.0.0.1", plugin.config.port))
        await read_all()
        got = await told(plugin)
        assert got.value("snmp_traps_dropped_total", reason="community") == 1
        assert got.value("snmp_traps_dropped_total", reason="malformed") == 1
        assert "snmp_traps_received_total" not in got.names


async def test_tasks_of_single_devices():
    """A task with a host tells what that device sent, and nothing else."""
    async with listening() as plugin:
        await send(plugin, "-v1", "-c", "public", "@", "1.3.6.1.4.1.9", "192.0.2.7", "0", "0", "")
        await send(plugin, "-v2c", "-c", "public", "@", "", LINK_UP)
        one = await told(plugin, host="localhost")
        assert one.value("snmp_traps_received_total") == 1
        other = await told(plugin, host="192.0.2.7")
        assert other.value("snmp_traps_received_total", source="192.0.2.7") == 1


async def test_a_port_is_shared():
    """Two instances with other rules both get what arrives, and the port is free after the last."""
    port = free_port()
    async with listening(port=port) as plugin:
        async with listening(port=port, rules=[]) as other:
            await send(plugin, "-v2c", "-c", "public", "@", "", LINK_UP)
            for one in (plugin, other):
                assert (await told(one)).value("snmp_traps_received_total") == 1
        await send(plugin, "-v2c", "-c", "public", "@", "", LINK_UP)
        assert (await told(plugin)).value("snmp_traps_received_total") == 2
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", port))
        with pytest.raises(ConfigurationError, match=f"UDP port {port} of 127.0.0.1 cannot be"):
            async with listening(port=port):
                pass


async def test_floods_are_bounded():
    """Above the rate, and above the series that are allowed, is dropped and counted."""
    async with listening(rate=5, max_series=1) as plugin:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for _ in range(20):
                sock.sendto(b"\x30\x00", ("127.0.0.1", plugin.config.port))
        await read_all()
        got = await told(plugin)
        dropped = [got.value("snmp_traps_dropped_total", reason=w) for w in ("rate", "malformed")]
        assert sum(dropped) == 20
        assert dropped[0] >= 10
    async with listening(max_series=1) as plugin:
        for trap in (LINK_UP, LINK_DOWN):
            await send(plugin, "-v2c", "-c", "public", "@", "", trap)
        got = await told(plugin)
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
        {"listen": "127.0.0.1", "port": free_port(), "communities": ["c0mmunity"], "users": USERS},
    )


async def test_contract_of_a_receiver():
    """It hands over what arrives, waits while it has to, ends in time, and lets go of its port."""

    def make():
        return {}, {"listen": "127.0.0.1", "port": free_port()}

    async def speak(device, config):
        datagram = await recorded("-v2c", "-c", "public", "@", "", LINK_UP)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(datagram, ("127.0.0.1", config.port))

    await check_receiver(SnmpTrap, make, speak)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rules": [RULES[0], {**RULES[1], "type": "counter"}]}, "two rules make link_up"),
        ({"rules": [{"metric": "x", "trap": "linkDown"}]}, "pattern"),
        ({"rules": [{"metric": "x", "trap": LINK_UP, "labels": [LABEL, LABEL]}]}, "stands twice"),
        ({"users": [USERS[0], USERS[0]]}, "a username stands twice"),
        ({"users": [{"username": "x", "priv_password": PRIV}]}, "needs auth_password"),
        ({"users": [{"username": "x", "auth_password": "short"}]}, "less than 8 characters"),
        ({"engine_id": "the engine"}, "written in hexadecimal"),
        ({"engine_id": "800000"}, "5 to 32 octets"),
    ],
)
def test_mistakes(change, said):
    """What cannot work is refused, and says why."""
    with pytest.raises(ValidationError, match=said):
        TrapConfig.model_validate(change)
