"""Name look-ups: shared, bounded, and never in the loop's way."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from orbital_plugin_http.resolver import Resolver, literal, shared
from orbital_sdk import DeviceUnreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orbital_plugin_http.resolver import Address
    from orbital_sdk.testing import Collection

    Probe = Callable[..., Awaitable[Collection]]


class Names:
    """A name service: `slow*` answers when it is told to, `bad` never has an answer."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = threading.Event()

    def __call__(self, host: str, port: int, family: int, kind: int) -> list[Address]:
        self.asked.append(host)
        if host.startswith("slow"):
            assert self.go.wait(30)
        if host == "bad":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


async def test_one_name_asked_for_by_many_is_one_look_up() -> None:
    """Whoever asks while the answer is awaited gets the same answer."""
    names = Names()
    resolver = Resolver(getaddrinfo=names)
    waiting = [asyncio.create_task(resolver.lookup("slow", 80)) for _ in range(50)]
    await resolver.lookup("fast", 80)
    names.go.set()
    assert len({tuple(answer) for answer in await asyncio.gather(*waiting)}) == 1
    assert sorted(names.asked) == ["fast", "slow"]
    await resolver.lookup("slow", 80)
    assert names.asked.count("slow") == 2


async def test_slow_names_hold_their_threads_and_nobody_else() -> None:
    """As long as fewer names are slow than there are threads, others are resolved at once."""
    names = Names()
    resolver = Resolver(threads=3, getaddrinfo=names)
    slow = [asyncio.create_task(resolver.lookup(f"slow{i}", 80)) for i in range(2)]
    for _ in range(10):
        await resolver.lookup("fast", 80)
    assert resolver.threads <= 3
    names.go.set()
    await asyncio.gather(*slow)


async def test_who_gives_up_leaves_the_look_up_to_the_others() -> None:
    """Cancelling one waits for nothing and takes the answer from no one; a late error bothers nobody."""
    names = Names()
    resolver = Resolver(getaddrinfo=names)
    gives_up = asyncio.create_task(resolver.lookup("slow", 80))
    stays = asyncio.create_task(resolver.lookup("slow", 80))
    await resolver.lookup("fast", 80)
    gives_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gives_up
    names.go.set()
    assert (await stays)[0][4] == ("127.0.0.1", 80)


async def test_an_error_reaches_all_who_asked() -> None:
    """A name without address is a `gaierror` for each, and asked for again the next time."""
    names = Names()
    resolver = Resolver(getaddrinfo=names)
    for _ in range(2):
        answers = await asyncio.gather(
            resolver.lookup("bad", 1), resolver.lookup("bad", 1), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [socket.gaierror] * 2
    assert names.asked == ["bad", "bad"]


async def test_threads_end_when_nobody_asks() -> None:
    """After a while without work none is left, and the next question starts a new one."""
    before = set(threading.enumerate())
    names = Names()
    resolver = Resolver(idle=0.01, getaddrinfo=names)
    asking = asyncio.create_task(resolver.lookup("slow", 1))
    await asyncio.sleep(0)
    (thread,) = set(threading.enumerate()) - before
    names.go.set()
    await asking
    await asyncio.to_thread(thread.join, 30)
    assert resolver.threads == 0
    await resolver.lookup("b", 1)
    assert resolver.threads == 1


async def test_all_instances_share_the_loop_s_resolver() -> None:
    """Threads are bounded over all plugin instances."""
    assert shared() is shared()
    assert (await shared().lookup("localhost", 80))[0][0] in (socket.AF_INET, socket.AF_INET6)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("localhost", None),
        ("a.b", None),
        ("1.2.3.4.5", None),
    ],
)
def test_only_what_is_an_address_needs_no_look_up(host: str, address: str | None) -> None:
    """An address is taken as it is; a name is None."""
    found = literal(host, 80)
    assert (found[0][4][0] if found else None) == address


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70 + ".invalid"])
async def test_a_name_without_address_is_a_dns_failure(probe: Probe, host: str) -> None:
    """`.invalid` has no addresses (RFC 6761), and some names cannot exist: reason dns, device unreachable."""
    result = await probe(f"http://{host}/")
    assert isinstance(result.error, DeviceUnreachable)
    assert f"cannot resolve {host}" in str(result.error)
    assert result.value("probe_http_failure_reason", reason="dns") == 1
    assert result.value("probe_ip_protocol") == 0
    assert result.value("probe_ip_addr_hash") == 0
