"""What a name's addresses are, for how long, and what a name server that fails does to others."""

from __future__ import annotations

import asyncio
import socket

import pytest

from orbital_resolver import Resolver, Unresolved, literal, lookup
from orbital_sdk import DeviceUnreachable
from orbital_testbench import Name, NameServer

HOME = ("127.0.0.1", 80)


@pytest.fixture
def server():
    """Knows no name yet."""
    with NameServer() as one:
        yield one


@pytest.fixture
def resolver(server):
    """Asks that server."""
    return Resolver([server.place])


def texts(addresses):
    return [address[4][0] for address in addresses]


async def test_addresses_are_ready_for_a_socket(server, resolver):
    """As `getaddrinfo` gives them: family, kind, protocol, socket address."""
    server.names["a.test"] = Name(("127.0.0.1",))
    tcp, udp = socket.SOCK_STREAM, socket.SOCK_DGRAM
    assert await resolver.lookup("a.test", 80) == [(socket.AF_INET, tcp, 6, "", HOME)]
    assert await resolver.lookup("a.test", 80, kind=udp) == [(socket.AF_INET, udp, 17, "", HOME)]


async def test_the_version_that_is_asked_for(server, resolver):
    """Both versions by default, the better one first (RFC 6724: the loopback of IPv6), or one of them."""
    server.names["both.test"] = Name(("127.0.0.1", "::1"))
    assert texts(await resolver.lookup("both.test")) == ["::1", "127.0.0.1"]
    assert texts(await resolver.lookup("both.test", family=socket.AF_INET)) == ["127.0.0.1"]
    assert texts(await resolver.lookup("both.test", family=socket.AF_INET6)) == ["::1"]


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", ("127.0.0.1", 7)),
        ("::1", ("::1", 7, 0, 0)),
        ("fe80::1%1", ("fe80::1", 7, 0, 1)),
    ],
)
async def test_an_address_needs_no_server(server, resolver, host, address):
    """It is taken as it is, its zone included; in the other version there is none."""
    assert [one[4] for one in await resolver.lookup(host, 7)] == [address]
    other = socket.AF_INET if ":" in host else socket.AF_INET6
    with pytest.raises(Unresolved, match="it has no address of this IP version"):
        await resolver.lookup(host, 7, family=other)


@pytest.mark.parametrize("name", ["localhost", "a.b", "1.2.3.4.5", "", "a\x00b"])
def test_a_name_is_no_address(name):
    """Then `literal` gives None."""
    assert literal(name) is None


async def test_localhost_is_the_systems(server, resolver):
    """The hosts file says what it is, and no server is asked, whether it answers or not."""
    server.default = Name(after=None)
    system = socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)
    assert set(texts(await resolver.lookup("localhost", 80))) == set(texts(system))
    assert server.asked("localhost") == 0


@pytest.mark.parametrize(
    ("known", "reason", "final"),
    [
        (Name(code=3), "no such name", True),
        (Name(), "it has no address of this IP version", True),
        (Name(code=2), "the name server failed", False),
        (Name(code=5), "the name server refuses to answer", False),
        (Name(after=None), "the name server does not answer", False),
    ],
)
async def test_a_failure_says_what_happened(server, resolver, known, reason, final):
    """No such name, no such address, a server that fails, refuses or is silent are told apart; whoever lets
    the error pass says that the device is unreachable.
    """
    server.names["x.test"] = known
    with pytest.raises(DeviceUnreachable, match=f"^cannot resolve x.test: {reason}$") as told:
        await resolver.lookup("x.test")
    assert (told.value.reason, told.value.final) == (reason, final)


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".test", "a b", "a\x00.test", ""])
async def test_what_is_no_name_is_not_asked_for(server, resolver, name):
    """It is refused at once."""
    with pytest.raises(Unresolved, match="it is not a valid name"):
        await resolver.lookup(name)


async def test_a_name_in_another_script(server, resolver):
    """Is asked for as DNS spells it (RFC 3490)."""
    server.names["xn--bcher-kva.test"] = Name(("127.0.0.1",))
    assert texts(await resolver.lookup("BÜCHER.test")) == ["127.0.0.1"]


async def test_one_question_for_all_who_ask_at_once(server, resolver):
    """A name is asked for once at a time, however many wait for it."""
    server.names["a.test"] = Name(("127.0.0.1",), after=0.1)
    found = await asyncio.gather(*(resolver.lookup("a.test") for _ in range(50)))
    assert {address[4][0] for addresses in found for address in addresses} == {"127.0.0.1"}
    assert server.asked("a.test") == 1


async def test_who_gives_up_leaves_the_others_alone(server, resolver):
    """A cancelled caller neither ends the look-up nor disturbs who else waits for it."""
    server.names["a.test"] = Name(("127.0.0.1",), after=0.1)
    gives_up = asyncio.create_task(resolver.lookup("a.test"))
    stays = asyncio.create_task(resolver.lookup("a.test"))
    await asyncio.to_thread(server.wait_until_asked, "a.test")
    gives_up.cancel()
    assert texts(await stays) == ["127.0.0.1"]


async def test_silent_names_hold_no_other(server, resolver):
    """A thousand names that nobody answers for, and one that is known is found meanwhile."""
    server.default = Name(after=None)
    server.names["a.test"] = Name(("127.0.0.1",))
    waiting = [asyncio.create_task(resolver.lookup(f"n{i}.test")) for i in range(1000)]
    await asyncio.sleep(0)
    assert texts(await resolver.lookup("a.test")) == ["127.0.0.1"]
    assert not any(task.done() for task in waiting)
    for task in waiting:
        task.cancel()


async def test_the_loop_may_end_at_any_time(server):
    """Questions that were not answered keep neither the loop nor the process."""
    server.default = Name(after=None)

    def in_a_loop_of_its_own():
        async def run():
            resolver = Resolver([server.place])
            tasks = [asyncio.create_task(resolver.lookup(f"n{i}.test")) for i in range(50)]
            await asyncio.to_thread(server.wait_until_asked, "n49.test")
            return tasks

        asyncio.run(run())

    await asyncio.to_thread(in_a_loop_of_its_own)


async def test_the_loop_has_one_resolver(server):
    """`lookup` remembers for all plugins of a loop: a hundred look-ups leave no thread behind."""
    for _ in range(100):
        assert "127.0.0.1" in texts(await lookup("localhost"))
