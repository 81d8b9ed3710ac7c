"""How long an answer holds, and what becomes of it when name servers fail."""

from __future__ import annotations

import pytest

from orbital_resolver import Files, Resolver, Unresolved
from orbital_resolver.address import NumericAddress
from orbital_resolver.cache import Cache
from orbital_resolver.errors import SILENT, UNKNOWN
from orbital_testbench import Name, NameServer

HOME = NumericAddress(2, "127.0.0.1")


class Clock:
    """Stands still."""

    now = 1000.0

    def __call__(self):
        return self.now

    def step(self, seconds):
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def server():
    """Knows `a.test`, whose address changes at each question that is not answered from memory."""
    with NameServer() as one:
        one.names["a.test"] = Name(("127.0.0.1",), ttl=0)
        yield one


@pytest.fixture
def resolver(server, clock):
    """Asks that server, and reads that clock."""
    return Resolver([server.place], now=clock)


@pytest.mark.parametrize(("ttl", "seconds"), [(0, 5), (60, 60), (100_000, 300)])
def test_an_answer_holds_for_its_ttl_within_bounds(ttl, seconds):
    """At least five seconds, at most five minutes."""
    assert Cache().found(("a", 0), (HOME,), ttl, 1000.0).until == 1000 + seconds


def test_names_are_bounded():
    """The one that was not asked for the longest is forgotten first."""
    cache = Cache(most=2)
    for name in "ab":
        cache.failed((name, 0), UNKNOWN, 0.0)
    cache.get(("a", 0))
    cache.failed(("c", 0), UNKNOWN, 0.0)
    assert [name for name in "abc" if cache.get((name, 0))] == ["a", "c"]


async def test_a_name_is_asked_for_again_when_its_time_is_over(server, resolver, clock):
    """Before that nobody is asked; after it a new address is found."""
    await resolver.lookup("a.test")
    server.names["a.test"] = Name(("127.0.0.2",), ttl=0)
    clock.step(4.9)
    assert (await resolver.lookup("a.test"))[0][4][0] == "127.0.0.1"
    clock.step(0.2)
    assert (await resolver.lookup("a.test"))[0][4][0] == "127.0.0.2"
    assert server.asked("a.test") == 2


async def test_a_name_that_is_made_is_found_soon(server, resolver, clock):
    """`No such name` holds for five seconds."""
    with pytest.raises(Unresolved):
        await resolver.lookup("new.test")
    server.names["new.test"] = Name(("127.0.0.1",))
    with pytest.raises(Unresolved):
        await resolver.lookup("new.test")
    clock.step(5)
    assert await resolver.lookup("new.test")


async def test_a_name_that_hung_is_asked_for_beside_the_runs(server, resolver, clock):
    """Whoever asks again within half a minute hears at once that it failed, while it is asked for again; and
    gets the address from then on.
    """
    server.names["hangs.test"] = Name(code=2)
    with pytest.raises(Unresolved):
        await resolver.lookup("hangs.test")
    asked = server.asked("hangs.test")
    server.names["hangs.test"] = Name(("127.0.0.1",), after=0.1)
    clock.step(6)
    with pytest.raises(Unresolved):
        await resolver.lookup("hangs.test")
    assert server.asked("hangs.test") == asked
    clock.step(30)  # too long ago to be believed: this one waits
    assert await resolver.lookup("hangs.test")


async def test_outdated_addresses_serve_who_wants_them(server, resolver, clock):
    """When name servers fail, an address of before is good for an hour; for those who ask for the truth it is
    not.
    """
    await resolver.lookup("a.test")
    server.names["a.test"] = Name(code=2)
    clock.step(6)
    assert (await resolver.lookup("a.test", outdated=True))[0][4][0] == "127.0.0.1"
    with pytest.raises(Unresolved):
        await resolver.lookup("a.test")
    clock.step(3600)
    with pytest.raises(Unresolved):
        await resolver.lookup("a.test", outdated=True)


async def test_outdated_addresses_are_not_waited_for_long(server, resolver, clock):
    """They are taken before a silent name server is given up; from then on, at once."""
    await resolver.lookup("a.test")
    server.names["a.test"] = Name(after=None)
    clock.step(6)
    assert (await resolver.lookup("a.test", outdated=True))[0][4][0] == "127.0.0.1"
    clock.step(3)
    assert (await resolver.lookup("a.test", outdated=True))[0][4][0] == "127.0.0.1"
    assert server.asked("a.test") == 2


async def test_a_name_that_is_gone_is_gone(server, resolver, clock):
    """A name server that says so is believed, by all."""
    await resolver.lookup("a.test")
    del server.names["a.test"]
    clock.step(6)
    with pytest.raises(Unresolved, match="no such name"):
        await resolver.lookup("a.test", outdated=True)


def test_a_failure_leaves_the_addresses_of_before():
    """But for `no such name`."""
    cache, key = Cache(), ("a", 0)
    cache.found(key, (HOME,), 60, 0.0)
    assert cache.failed(key, SILENT, 70.0).places == (HOME,)
    assert cache.failed(key, UNKNOWN, 80.0).places == ()


async def test_changed_files_are_seen(server, clock, tmp_path):
    """A new resolv.conf or hosts file counts a second later, without a restart."""
    resolv_conf = server.resolv_conf(tmp_path / "resolv.conf")
    resolver = Resolver([server.place], Files(resolv_conf=resolv_conf), now=clock)
    server.names["a.test"] = Name(("127.0.0.1",), ttl=60)
    await resolver.lookup("a.test")
    server.names["a.test"] = Name(("127.0.0.2",), ttl=60)
    server.resolv_conf(resolv_conf, "search example.test")
    assert (await resolver.lookup("a.test"))[0][4][0] == "127.0.0.1"
    clock.step(1)
    assert (await resolver.lookup("a.test"))[0][4][0] == "127.0.0.2"
