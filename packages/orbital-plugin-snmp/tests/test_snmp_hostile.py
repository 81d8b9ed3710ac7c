"""Devices that answer garbage, half, late, twice, for others or for ever: named errors, no wrong value."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.config import SessionConfig
from orbital_plugin_snmp.device import SnmpDevice
from orbital_plugin_snmp.engines.errors import ErrorStatus, Malformed, NoAnswer
from orbital_plugin_snmp.session.pool import Pool
from orbital_testbench.hostile_agent import ELSEWHERE, Datagram, HostileAgent, relay
from orbital_testbench.snmp_message import number, varbind
from orbital_testbench.snmpd import PASSWORDS, USERS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from orbital_plugin_snmp.session.pool import DeviceReader
    from orbital_testbench.snmp_message import SnmpRequest
    from orbital_testbench.snmpd import Snmpd, SnmpUser

pytestmark = pytest.mark.asyncio
NAME = "1.3.6.1.2.1.1.5.0"
SYS_NAME = oids.encode(NAME)
COLUMN = "1.3.6.1.2.1.2.2.1.10"
COUNTER = 0x41
GEN_ERR = 5


@asynccontextmanager
async def asking(
    agent: HostileAgent, seconds: float = 5.0, **fields: Any
) -> AsyncIterator[DeviceReader]:
    config = {"timeout": fields.pop("timeout", 0.2), "retries": fields.pop("retries", 1)}
    config["max_rows"] = fields.pop("max_rows", 1000)
    pool = Pool(SessionConfig.model_validate(config))
    device = SnmpDevice.model_validate({"host": agent.host, "port": agent.port} | fields)
    try:
        yield pool.reader(device, time.monotonic() + seconds)
    finally:
        await pool.close()


def named(request: SnmpRequest) -> bytes:
    """The true answer to a GET of sysName."""
    return request.answer(varbind(NAME, b"\x04\x02sw"))


def true(request: SnmpRequest) -> list[Datagram | bytes]:
    return [named(request)]


async def name_of(reader: DeviceReader) -> object:
    ((_, _, value),) = await reader.get([SYS_NAME])
    return value


GARBAGE = random.Random(7).randbytes(200)
ONCE_WRONG: dict[str, Callable[[SnmpRequest], list[Datagram | bytes]]] = {
    "lost": lambda _: [],
    "garbage": lambda _: [GARBAGE],
    "empty": lambda _: [b"\0"],
    "half": lambda r: [named(r)[:20]],
    "of another request": lambda r: [
        r.answer(varbind(NAME, b"\x04\x05wrong"), request_id=r.request_id + 1)
    ],
    "from elsewhere": lambda r: [
        Datagram(r.answer(varbind(NAME, b"\x04\x05wrong")), elsewhere=True)
    ],
}


@pytest.mark.parametrize("what", ONCE_WRONG)
async def test_one_bad_datagram_is_made_up_for_by_a_retry(what: str) -> None:
    """Whatever came first, the value is the true one."""
    wrong = iter([ONCE_WRONG[what]])
    with HostileAgent(lambda request: [*next(wrong, true)(request)]) as agent:
        async with asking(agent) as reader:
            assert await name_of(reader) == b"sw"
    assert len(agent.requests) == 2


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("lost", NoAnswer), ("garbage", Malformed), ("half", Malformed),
        ("of another request", NoAnswer), ("from elsewhere", NoAnswer),
    ],
)  # fmt: skip
async def test_a_device_that_never_makes_sense_is_named(what: str, error: type[Exception]) -> None:
    """Garbage is told from silence; answers of others are as if nothing came."""
    with HostileAgent(ONCE_WRONG[what]) as agent:
        async with asking(agent) as reader:
            with pytest.raises(error, match=str(agent.port)):
                await name_of(reader)
    assert len(agent.requests) == 2


async def test_what_silence_may_mean() -> None:
    """A wrong community only where nothing was ever answered; no silence at all where the time was over."""
    with HostileAgent(lambda request: [named(request)][: len(agent.requests) < 2]) as agent:
        async with asking(agent, timeout=0.05, retries=0) as reader:
            assert await name_of(reader) == b"sw"
            with pytest.raises(NoAnswer, match=r"no answer within 0\.\d+ s$"):
                await name_of(reader)
        async with asking(agent, timeout=0.05, retries=0) as reader:
            with pytest.raises(NoAnswer, match="a wrong community looks like this too"):
                await name_of(reader)
        async with asking(agent, seconds=0) as reader:
            with pytest.raises(NoAnswer, match="the task's time was over"):
                await name_of(reader)


async def test_an_answer_that_comes_twice_and_late_is_taken_once() -> None:
    """Copies of the first answer arrive around the second request; none is taken for its answer."""
    answers = itertools.count()

    def behave(request: SnmpRequest) -> list[Datagram | bytes]:
        said = request.answer(varbind(NAME, number(next(answers))))
        return [said, said, Datagram(said, after=0.05)]

    with HostileAgent(behave) as agent:
        async with asking(agent) as reader:
            values = [await name_of(reader) for _ in range(20)]
    assert values == list(range(20))


async def test_an_answer_after_the_first_attempt_still_counts() -> None:
    """A slow device answers the first request while the second is waited for."""
    with HostileAgent(lambda r: [Datagram(named(r), after=0.3)]) as agent:
        async with asking(agent, timeout=0.2, retries=3) as reader:
            assert await name_of(reader) == b"sw"


async def test_answers_to_other_questions_are_refused() -> None:
    """The right id, but another OID: no value of it is believed."""
    other = varbind("1.3.6.1.2.1.1.6.0", b"\x04\x05wrong")
    with HostileAgent(lambda r: [r.answer(other)]) as agent:
        async with asking(agent) as reader:
            with pytest.raises(Malformed, match="other OIDs"):
                await name_of(reader)


async def test_error_statuses_are_told_by_name() -> None:
    """GenErr for a single value is the device's own words."""
    with HostileAgent(lambda r: [r.answer(status=GEN_ERR, index=1)]) as agent:
        async with asking(agent) as reader:
            with pytest.raises(ErrorStatus, match="genErr"):
                await name_of(reader)


async def test_one_value_that_cannot_be_read_leaves_the_others() -> None:
    """GenErr over the second of three: the device is asked for the others again."""
    bad = "1.3.6.1.2.1.1.6.0"

    def behave(request: SnmpRequest) -> list[Datagram | bytes]:
        if bad in request.oids:
            return [request.answer(status=GEN_ERR, index=request.oids.index(bad) + 1)]
        return [request.answer(*(varbind(name, number(7)) for name in request.oids))]

    wanted = [oids.encode(name) for name in (NAME, bad, "1.3.6.1.2.1.1.7.0")]
    with HostileAgent(behave) as agent:
        async with asking(agent) as reader:
            assert [value for _, _, value in await reader.get(wanted)] == [7, None, 7]


@pytest.mark.parametrize("damage", ["flip", "cut", "unsigned"])
async def test_damaged_answers_of_v3_are_never_believed(snmpd: Snmpd, damage: str) -> None:
    """One octet changed, the end cut off, or the signature taken away: an error, never a value."""

    def behave(data: bytes) -> list[Datagram | bytes]:
        answer = bytearray(relay(data, snmpd.port))
        if len(agent.requests) == 1:  # the discovery
            return [bytes(answer)]
        if damage == "flip":
            answer[-5] ^= 1
        elif damage == "unsigned":
            answer[answer.index(b"\x04\x01\x03") + 2] = 0
        return [bytes(answer if damage != "cut" else answer[:-5])]

    user = USERS[-1]
    fields = {
        "version": "3",
        "username": user.name,
        "auth_protocol": user.auth,
        "priv_protocol": user.priv,
    }
    fields |= {"auth_password": PASSWORDS[0], "priv_password": PASSWORDS[1]}
    with HostileAgent(raw=behave) as agent:
        async with asking(agent, **fields) as reader:
            with pytest.raises(Malformed):
                await name_of(reader)


async def test_cancelled_polls_leave_nothing_behind() -> None:
    """A run that is cancelled while it waits frees its place and its id."""
    with HostileAgent(lambda _: []) as agent:
        async with asking(agent, timeout=5) as reader:
            run = asyncio.create_task(name_of(reader))
            await asyncio.to_thread(_until, lambda: agent.requests)
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
    assert len(asyncio.all_tasks()) == 1


def _until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)


# From another address


def astray(request: SnmpRequest) -> list[Datagram | bytes]:
    """The true answer, but from another address."""
    return [Datagram(named(request), elsewhere=True)]


async def test_an_answer_from_elsewhere_is_named() -> None:
    """A device with several interfaces is not just silent: the error says who answered and what to set."""
    with HostileAgent(astray) as agent:
        async with asking(agent, timeout=0.05) as reader:
            words = f"one from {ELSEWHERE}:{agent.port}; .* set unconnected_udp_socket: true"
            with pytest.raises(NoAnswer, match=words):
                await name_of(reader)


async def test_an_answer_from_elsewhere_is_taken_where_the_device_may_do_so() -> None:
    """As with the library's engine and net-snmp; of another request it is as little worth as ever."""
    with HostileAgent(astray) as agent:
        async with asking(agent, unconnected_udp_socket=True) as reader:
            assert await name_of(reader) == b"sw"
    assert len(agent.requests) == 1

    def guessed(request: SnmpRequest) -> list[Datagram | bytes]:
        wrong = request.answer(varbind(NAME, b"\x04\x05wrong"), request_id=request.request_id + 1)
        return [Datagram(wrong, elsewhere=True)]

    with HostileAgent(guessed) as agent:
        async with asking(agent, timeout=0.05, unconnected_udp_socket=True) as reader:
            with pytest.raises(NoAnswer):
                await name_of(reader)


@pytest.mark.parametrize("user", [USERS[0], USERS[-1]], ids=["unsigned", "signed"])
@pytest.mark.parametrize("engine", ["its own", "another"])
async def test_v3_from_elsewhere(snmpd: Snmpd, user: SnmpUser, engine: str) -> None:
    """The device's engine id has to be in the answer, whether it is signed or not."""
    discovered: list[bytes] = []

    def behave(data: bytes) -> list[Datagram | bytes]:
        answer = relay(data, snmpd.port)
        if not discovered:
            size = answer[at := answer.index(b"\x80\x00") - 1]
            discovered.append(answer[at + 1 : at + 1 + size])
        elif engine == "another":
            answer = answer.replace(discovered[0], discovered[0][:-1] + b"\xee")
        return [Datagram(answer, elsewhere=True)]

    auth, priv = PASSWORDS
    fields = {"version": "3", "username": user.name, "security_level": user.level}
    if user.auth:
        fields |= {"auth_protocol": user.auth, "auth_password": auth}
        fields |= {"priv_protocol": user.priv, "priv_password": priv}
    with HostileAgent(raw=behave) as agent:
        async with asking(agent, timeout=5.0, unconnected_udp_socket=True, **fields) as reader:
            if engine == "another":
                with pytest.raises(Malformed, match="engine"):
                    await name_of(reader)
            else:
                assert await name_of(reader)
