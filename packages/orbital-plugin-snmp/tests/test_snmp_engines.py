"""Every engine with every version against net-snmp's agent: the same answers, and the right refusals."""

from __future__ import annotations

import asyncio
import re
import subprocess
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.config import SessionConfig
from orbital_plugin_snmp.device import SnmpDevice
from orbital_plugin_snmp.engines.errors import NoAnswer, Refused
from orbital_plugin_snmp.session.pool import Pool
from orbital_plugin_snmp.wire.smi import END_OF_MIB_VIEW, EXCEPTIONS, NO_SUCH_OBJECT, OCTET_STRING
from orbital_testbench.snmpd import PASSWORDS, USERS, Snmpd, SnmpUser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from orbital_plugin_snmp.session.pool import DeviceReader
    from orbital_plugin_snmp.wire.smi import VarBind

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.filterwarnings(
        "ignore:add[A-Z][a-z]+ is deprecated"
    ),  # pysnmp over pysmi, if installed
]
STRONGEST = USERS[-1]
SYS_NAME, SYS_UP_TIME = oids.encode("1.3.6.1.2.1.1.5.0"), oids.encode("1.3.6.1.2.1.1.3.0")
MISSING = oids.encode("1.3.6.1.2.1.1.99.0")
TABLES = (
    ("ifTable", "1.3.6.1.2.1.2.2.1", (1, 2, 3, 4, 5, 6, 7, 8)),
    ("laTable", "1.3.6.1.4.1.2021.10.1", (1, 2, 4)),
    ("sysORTable", "1.3.6.1.2.1.1.9.1", (2, 3, 4)),
    ("bgpPeerTable", "1.3.6.1.2.1.15.3.1", (2, 3)),
)
WAYS: dict[str, dict[str, Any]] = {
    "v1": {"version": "1"},
    "v2c": {"version": "2c"},
    "tcp": {"transport": "tcp"},
    "udp6": {"transport": "udp6", "host": "::1"},
}


def as_user(user: SnmpUser, **changes: Any) -> dict[str, Any]:
    fields = {
        "version": "3",
        "username": user.name,
        "security_level": user.level,
        "auth_protocol": user.auth,
        "auth_password": PASSWORDS[0] if user.auth else "",
        "priv_protocol": user.priv,
        "priv_password": PASSWORDS[1] if user.priv else "",
    }
    return fields | changes


WAYS["v3"] = as_user(STRONGEST)
WAYS["v3 open"] = as_user(USERS[0])


@asynccontextmanager
async def asking(
    port: int, fields: dict[str, Any], seconds: float = 10.0, **config: Any
) -> AsyncIterator[DeviceReader]:
    pool = Pool(SessionConfig.model_validate({"timeout": 2, "retries": 1} | config))
    device = SnmpDevice.model_validate({"host": "127.0.0.1", "port": port} | fields)
    try:
        yield pool.reader(device, time.monotonic() + seconds)
    finally:
        await pool.close()


async def everything(reader: DeviceReader) -> dict[str, list[VarBind]]:
    """Tables whose cells stand still."""
    found: dict[str, list[VarBind]] = {"scalars": await reader.get([SYS_NAME, MISSING])}
    for table, root, columns in TABLES:
        walked = await reader.walk([oids.encode(f"{root}.{n}") for n in columns], table=table)
        assert not walked.problems
        found[table] = [varbind for column in walked.columns.values() for varbind in column]
    return found


@pytest.mark.parametrize("engine", ["fast", "pysnmp"])
@pytest.mark.parametrize("way", WAYS)
async def test_all_engines_give_the_same_samples(snmpd: Snmpd, engine: str, way: str) -> None:
    """Whole tables and scalars by any version, transport and engine equal those of v2c with ours."""
    if (engine, way) == ("pysnmp", "tcp"):
        pytest.skip("pysnmp has no TCP")
    async with asking(snmpd.port, WAYS["v2c"]) as reader:
        expected = await everything(reader)
    async with asking(snmpd.port, WAYS[way], engine=engine) as reader:
        assert await everything(reader) == expected
    assert expected["scalars"][1] == (MISSING, NO_SUCH_OBJECT, None)
    assert len(expected["ifTable"]) >= 8
    assert len(expected["bgpPeerTable"]) == 0


async def test_our_walk_equals_snmpwalk(snmpd: Snmpd) -> None:
    """Net-snmp's own reader sees the same OIDs, types and values."""
    root = "1.3.6.1.2.1.1.9.1"
    command = ["snmpbulkwalk", "-v2c", "-cpublic", "-Onet", "-Oa", f"127.0.0.1:{snmpd.port}", root]
    theirs = await asyncio.to_thread(
        subprocess.run, command, check=True, capture_output=True, text=True
    )
    columns = [oids.encode(f"{root}.{n}") for n in (2, 3, 4)]
    async with asking(snmpd.port, WAYS["v2c"]) as reader:
        walked = await reader.walk(columns)
    ours = [varbind for column in columns for varbind in walked.columns[column]]
    lines = theirs.stdout.splitlines()
    assert [oids.text(oid) for oid, _, _ in ours] == [line.split(" ")[0][1:] for line in lines]
    texts = [re.search(r'STRING: "(.*)"', line) for line in lines]
    strings = [value for _, tag, value in ours if tag == OCTET_STRING]
    assert strings == [match[1].encode() for match in texts if match]


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)
async def test_every_pair_of_protocols(snmpd: Snmpd, user: SnmpUser) -> None:
    """All that net-snmp knows, keys of every length."""
    async with asking(snmpd.port, as_user(user)) as reader:
        ((_, tag, value),) = await reader.get([SYS_NAME])
    assert (tag, bool(value)) == (OCTET_STRING, True)


@pytest.mark.parametrize("engine", ["fast", "pysnmp"])
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"username": "stranger"}, Refused),
        ({"auth_password": "not-the-password"}, Refused),
        ({"auth_protocol": "MD5"}, Refused),
        ({"security_level": "noAuthNoPriv"}, Refused),
        ({"priv_password": "not-the-password"}, NoAnswer),
        ({"context": "nowhere"}, NoAnswer),
    ],
)
async def test_wrong_credentials_of_v3(
    snmpd: Snmpd, engine: str, changes: dict[str, Any], error: type[Exception]
) -> None:
    """What the device refuses is refused by name; what it is silent about cannot be told apart."""
    fields = as_user(STRONGEST, **changes)
    patience = {"timeout": 10 if error is Refused else 0.3, "retries": 0, "engine": engine}
    async with asking(snmpd.port, fields, **patience) as reader:
        with pytest.raises(error) as raised:
            await reader.get([SYS_NAME])
    assert str(snmpd.port) in str(raised.value)
    assert PASSWORDS[0] not in str(raised.value)


async def test_contexts(snmpd: Snmpd, tmp_path: Path) -> None:
    """A context is another device behind the same address: its values are told, and not those beside it."""
    user = f"usm {STRONGEST.name}"
    extra = [
        "view all included .1",
        f"group vlans {user}",
        "access vlans vlan usm priv prefix all none none",
        f"proxy -Cn vlan10 -v 2c -c public 127.0.0.1:{snmpd.port} .1.3.6.1.6.3.10",
    ]
    engine_id = [oids.encode("1.3.6.1.6.3.10.2.1.1.0")]
    with Snmpd(tmp_path, extra=extra) as switch:
        for engine in ("fast", "pysnmp"):
            found: list[object] = []
            for port, fields in (
                (switch.port, as_user(STRONGEST, context="vlan10")),
                (switch.port, WAYS["v2c"]),
                (snmpd.port, WAYS["v2c"]),
            ):
                async with asking(port, fields, engine=engine) as reader:
                    found += [value for _, _, value in await reader.get(engine_id)]
            inside, beside, behind = found
            assert inside == behind != beside


async def test_silence_after_discovery_says_what_to_check(snmpd: Snmpd) -> None:
    """A device that tells its engine id, and nothing else, is there: the message says so."""
    fields = as_user(STRONGEST, priv_password="not-the-password")
    async with asking(snmpd.port, fields, timeout=0.3, retries=0) as reader:
        with pytest.raises(NoAnswer, match="check priv_password"):
            await reader.get([SYS_NAME])


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_a_wrong_community_is_silence_within_the_time_given(
    snmpd: Snmpd, version: str
) -> None:
    """Devices do not answer it; the message says that it may be that."""
    fields = {"version": version, "community": "not-this"}
    async with asking(snmpd.port, fields, 0.5, timeout=120, retries=3) as reader:
        with pytest.raises(NoAnswer, match="community"):
            await asyncio.wait_for(reader.get([SYS_NAME]), 60)
    assert 1 <= reader.cost.packets <= 4  # as many as the time had room for


async def test_a_view_that_ends_ends_the_walk(snmpd: Snmpd) -> None:
    """A community that sees the system group only: the walk ends where its view does."""
    async with asking(snmpd.port, {"community": "limited"}) as reader:
        walked = await reader.walk(
            [oids.encode("1.3.6.1.2.1.1.9.1.3"), oids.encode("1.3.6.1.2.1.2.2.1.2")]
        )
    first, second = walked.columns.values()
    assert first
    assert not second
    assert not walked.problems


async def test_a_device_that_starts_again_or_is_replaced_goes_on(
    start_snmpd: Callable[..., Snmpd],
) -> None:
    """Engine boots and time begin anew, then the engine id is another one: each costs no poll."""
    server = await asyncio.to_thread(start_snmpd)
    pool = Pool(SessionConfig(timeout=5, retries=1))
    device = SnmpDevice.model_validate(
        {"host": "127.0.0.1", "port": server.port} | as_user(STRONGEST)
    )
    try:
        for engine_id in ("", "", "another-device"):
            server.engine_id = engine_id
            await asyncio.to_thread(server.restart)
            ((_, tag, _),) = await pool.reader(device, time.monotonic() + 10).get([SYS_UP_TIME])
            assert tag not in EXCEPTIONS
    finally:
        await pool.close()


async def test_the_end_of_the_mib_is_no_error(snmpd: Snmpd) -> None:
    """Behind the last object there is an end, by every version."""
    for way in ("v1", "v2c", "v3"):
        async with asking(snmpd.port, WAYS[way]) as reader:
            walked = await reader.walk([oids.encode("2.5")])
        assert walked.columns == {oids.encode("2.5"): []}
        assert not walked.problems
    assert END_OF_MIB_VIEW in EXCEPTIONS


async def test_a_paused_device_costs_no_more_than_the_runs_time(
    start_snmpd: Callable[..., Snmpd],
) -> None:
    """It stops answering in the middle: the run ends in time, and the next one after it woke is whole."""
    server = await asyncio.to_thread(start_snmpd)
    async with asking(server.port, WAYS["v2c"]) as reader:
        await reader.get([SYS_NAME])
    await asyncio.to_thread(server.pause)
    async with asking(server.port, WAYS["v2c"], 0.5, timeout=10, retries=3) as reader:
        with pytest.raises(NoAnswer):
            await reader.walk([oids.encode("1.3.6.1.2.1.2.2.1.2")])
    await asyncio.to_thread(server.resume)
    async with asking(server.port, WAYS["v2c"]) as reader:
        walked = await reader.walk([oids.encode("1.3.6.1.2.1.2.2.1.2")])
    assert all(walked.columns.values())
