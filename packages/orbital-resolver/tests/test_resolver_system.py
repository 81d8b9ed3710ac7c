"""Names that only the system's own resolver can find: multicast DNS, directories, and their like."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from orbital_resolver import Files, Resolver, Unresolved
from orbital_resolver.answer import Failed
from orbital_resolver.switch import other_sources
from orbital_resolver.system import System
from orbital_testbench import Name, NameServer


class Names:
    """What the system knows; `slow*` is answered when it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = threading.Event()
        self.threads: set[str] = set()

    def __call__(self, host, port, family, kind):
        self.asked.append(host)
        self.threads.add(threading.current_thread().name)
        if host.startswith("slow"):
            assert self.go.wait(30)
        if host.startswith("bad"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, kind, 6, "", ("127.0.0.7", 0))]


@pytest.fixture
def names():
    made = Names()
    yield made
    made.go.set()


@pytest.fixture
def server():
    with NameServer() as one:
        one.names["dns.test"] = Name(("127.0.0.1",))
        yield one


@pytest.fixture
def resolver(server, names, tmp_path):
    """On a system with multicast DNS."""
    nsswitch = tmp_path / "nsswitch.conf"
    nsswitch.write_text("passwd: files ldap\nhosts: files mdns4 [NOTFOUND=return] dns # no more\n")
    return Resolver([server.place], Files(nsswitch=nsswitch), getaddrinfo=names)


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("hosts: files dns", set()),
        ("hosts:\tfiles myhostname resolve [!UNAVAIL=return] dns", {"myhostname"}),
        ("hosts: files mdns4_minimal [NOTFOUND=return !A=merge] dns sss # x", {"mdns4_minimal", "sss"}),
        ("passwd: files sss", set()),
        (None, set()),
    ],
)  # fmt: skip
def test_other_sources(text, others, tmp_path):
    """Modules that c-ares does not read itself; none where there is no nsswitch.conf."""
    path = tmp_path / "nsswitch.conf"
    if text is not None:
        path.write_text(text)
    assert other_sources(path) == others


async def test_the_system_finds_what_name_servers_do_not_know(resolver, names):
    """It is asked after them, and only where nsswitch.conf names somebody else."""
    assert (await resolver.lookup("printer", 80))[0][4] == ("127.0.0.7", 80)
    assert (await resolver.lookup("dns.test", 80))[0][4] == ("127.0.0.1", 80)
    assert names.asked == ["printer"]


async def test_of_two_failures_the_name_servers_is_told(server, resolver, names):
    """The system only says that there is nothing; the server knew that the name has no such address."""
    server.names["bad.test"] = Name()
    with pytest.raises(Unresolved, match="it has no address of this IP version"):
        await resolver.lookup("bad.test")
    assert names.asked == ["bad.test"]


async def test_multicast_names_are_not_asked_of_name_servers(server, resolver, names):
    """`.local` is the system's alone (RFC 6762)."""
    assert (await resolver.lookup("camera.local", 80))[0][4] == ("127.0.0.7", 80)
    assert server.asked("camera.local") == 0


async def test_without_other_sources_the_system_is_not_asked(server, names, tmp_path):
    """`No such name` is the last word then."""
    resolver = Resolver([server.place], Files(nsswitch=tmp_path / "none"), getaddrinfo=names)
    with pytest.raises(Unresolved, match="no such name"):
        await resolver.lookup("printer")
    assert names.asked == []


async def test_names_that_hang_in_the_system_hold_no_other(resolver, names):
    """They wait for one of its few threads; names that name servers know do not."""
    slow = [asyncio.create_task(resolver.lookup(f"slow{i}.local")) for i in range(20)]
    await asyncio.sleep(0)
    assert (await resolver.lookup("dns.test", 80))[0][4] == ("127.0.0.1", 80)
    assert len(names.threads) <= 8
    names.go.set()
    assert {one[0][4][0] for one in await asyncio.gather(*slow)} == {"127.0.0.7"}


async def test_who_gave_up_is_not_looked_up(names):
    """A name that waited for a thread until nobody wanted it any more costs no look-up."""
    system = System(names, threads=1)
    slow = asyncio.create_task(system.ask("slow", 0))
    await asyncio.sleep(0)
    gone = asyncio.create_task(system.ask("gone", 0))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    names.go.set()
    await slow
    await system.ask("next", 0)
    assert names.asked == ["slow", "next"]


async def test_a_failure_of_the_system_is_told(names):
    """In the same words."""
    with pytest.raises(Failed, match="no such name"):
        await System(names).ask("bad", 0)


async def test_threads_end_when_nobody_asks(names):
    """After a while without work none is left, and the next question starts a new one."""
    before = set(threading.enumerate())
    system = System(names, idle=0.01)
    asking = asyncio.create_task(system.ask("slow", 0))
    await asyncio.sleep(0)
    (thread,) = set(threading.enumerate()) - before
    assert thread.daemon
    names.go.set()
    await asking
    await asyncio.to_thread(thread.join, 30)
    assert system.threads == 0
    await system.ask("b", 0)
    assert system.threads == 1
