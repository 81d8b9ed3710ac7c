"""Name resolution: beside the loop, bounded in time and number."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from orbital_plugin_ping.address import Address, families_of, look_up, numeric
from orbital_plugin_ping.resolver import Resolver, Unresolved

HOME = Address(socket.AF_INET, "127.0.0.1", ("127.0.0.1", 0))


class NameServer:
    """Answers when it is told to, and knows how many are waiting."""

    def __init__(self) -> None:
        self.answer = threading.Event()
        self.waiting = threading.Semaphore(0)
        self.asked = 0

    def __call__(self, host: str, family: int) -> list[Address]:
        self.asked += 1
        self.waiting.release()
        assert self.answer.wait(30)
        return [HOME]

    async def see(self, count: int) -> None:
        """Until so many more wait."""
        for _ in range(count):
            await asyncio.to_thread(self.waiting.acquire)


async def test_real_name():
    """A name in the system's own tables resolves, in the version asked for."""
    assert HOME in await Resolver().resolve("localhost", timeout=5)
    found = await Resolver().resolve("localhost", family=socket.AF_INET, timeout=5)
    assert {address.version for address in found} == {4}


@pytest.mark.parametrize("name", ["no.such.name.invalid", "a" * 64 + ".example", "bad..name"])
async def test_no_such_name(name):
    """A name without an address is told as such, also one that cannot be a name."""
    with pytest.raises(Unresolved):
        await Resolver().resolve(name, timeout=5)


async def test_loop_goes_on():
    """While a name server is silent the loop runs on, and the run ends at its timeout with the reason."""
    server = NameServer()
    with pytest.raises(Unresolved, match=r"no answer from the name server within 0\.05 s"):
        await Resolver(ask=server).resolve("slow.example", timeout=0.05)
    server.answer.set()


async def test_bounded():
    """No more look-ups hang at once than allowed; the others wait for a place and get one when it is free."""
    server = NameServer()
    resolver = Resolver(2, ask=server)
    runs = [asyncio.create_task(resolver.resolve(f"{n}.example", timeout=30)) for n in range(5)]
    await server.see(2)
    assert server.asked == 2
    server.answer.set()
    assert await asyncio.gather(*runs) == [[HOME]] * 5


async def test_hung_lookup_keeps_its_place():
    """A look-up that its run has given up counts until it returns, and nobody listens to it then."""
    server = NameServer()
    resolver = Resolver(1, ask=server)
    with pytest.raises(Unresolved):
        await resolver.resolve("one.example", timeout=0.05)
    with pytest.raises(Unresolved):
        await resolver.resolve("two.example", timeout=0.05)
    assert server.asked == 1
    server.answer.set()
    assert await resolver.resolve("three.example", timeout=30) == [HOME]


async def test_cancelled():
    """A cancelled run leaves its place in order and nobody waiting."""
    server = NameServer()
    resolver = Resolver(1, ask=server)
    run = asyncio.create_task(resolver.resolve("one.example", timeout=30))
    await server.see(1)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    server.answer.set()
    assert await resolver.resolve("two.example", timeout=30) == [HOME]


@pytest.mark.parametrize(
    ("host", "version", "text"),
    [
        ("192.0.2.1", 4, "192.0.2.1"),
        ("2001:DB8:0:0::1", 6, "2001:db8::1"),
        ("::ffff:192.0.2.1", 4, "192.0.2.1"),
        ("fe80::1%1", 6, "fe80::1"),
    ],
)
def test_numeric(host, version, text):
    """An address needs no resolver, and is written as the kernel writes it."""
    address = numeric(host)
    assert address is not None
    assert (address.version, address.text) == (version, text)


def test_zone():
    """The zone of a link-local address goes to the socket."""
    address = numeric("fe80::1%1")
    assert address is not None
    assert address.sockaddr == ("fe80::1", 0, 0, 1)
    assert numeric("fe80::1%nosuchinterface") is None


def test_name_is_not_numeric():
    """A name is looked up, whatever it looks like."""
    assert numeric("localhost") is None
    assert look_up("localhost")


def test_hash():
    """The address hash is FNV-1a, as blackbox_exporter's (its value for 127.0.0.1)."""
    assert HOME.fingerprint == 3668918509.0


def test_families():
    """Version and source address narrow down where packets can go."""
    assert {int(f) for f in families_of("auto")} == {socket.AF_INET, socket.AF_INET6}
    assert families_of(4) == {socket.AF_INET}
    assert families_of("auto", "2001:db8::1") == {socket.AF_INET6}
    assert families_of(6, "192.0.2.1") == frozenset()
