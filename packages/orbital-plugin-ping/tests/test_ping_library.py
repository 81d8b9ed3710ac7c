"""The engine on ping3: the same answers as the native one, and none of the library's traps."""

from __future__ import annotations

import asyncio
import os
import resource

import pytest

from orbital_plugin_ping.library import Ping3Pinger
from orbital_plugin_ping.library.pinger import THREADS
from orbital_plugin_ping.native import NativePinger
from orbital_plugin_ping.sockets import Options
from orbital_sdk import CollectError

SILENT = "10.99.0.66"


@pytest.fixture
async def ping3(kind):
    engine = Ping3Pinger(Options())
    await engine.start()
    yield engine
    await engine.stop()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::1", SILENT, "10.98.0.1", "10.97.0.1", "10.1.1.1", "255.255.255.255"]
)
async def test_same_answers(router, network, kind, ask, host):
    """Both engines agree on which packets were lost and, where the network says it, why."""
    network.ip(f"neigh add {SILENT} lladdr 02:00:00:00:00:66 dev near nud permanent")
    outcomes = []
    for engine in (NativePinger(Options()), Ping3Pinger(Options())):
        await engine.start()
        assert len(engine.families) == 2
        outcomes.append(await engine.ping(ask(host, 2, gap=0.01, timeout=0.3)))
        await engine.stop()
    lost = [[rtt is None for rtt in outcome.rtts] for outcome in outcomes]
    assert lost[0] == lost[1]
    assert bool(outcomes[0].reason) == bool(outcomes[1].reason)


async def test_forged_replies(ping3, peer, ask):
    """A reply from another host is not taken, which ping3 by itself would do; nor one with another number."""
    run = asyncio.create_task(ping3.ping(ask("127.0.0.77", timeout=0.3)))
    asked = await peer.next()
    peer.answer(asked, source="127.0.0.66")
    peer.answer(asked, sequence=(int.from_bytes(asked.message[6:8]) + 1) % 65536)
    assert (await run).rtts == [None]


async def test_late_reply(ping3, peer, ask):
    """A late reply is not credited to the next host that the same thread pings."""
    assert (await ping3.ping(ask("127.0.0.5", timeout=0.05))).rtts == [None]
    late = await peer.next()
    runs = [
        asyncio.create_task(ping3.ping(ask(host, timeout=0.3)))
        for host in ("127.0.0.5", "127.0.0.6")
    ]
    for _ in runs:
        await peer.next()
    peer.answer(late)
    assert [(await run).rtts for run in runs] == [[None], [None]]


async def test_malformed_reply(ping3, peer, ask):
    """A reply too short for ping3 is passed over, and the true one still counts."""
    run = asyncio.create_task(ping3.ping(ask("127.0.0.5")))
    asked = await peer.next()
    short = type(asked)(asked.source, asked.destination, asked.message[:10])
    peer.answer(short)
    peer.answer(asked)
    assert (await run).rtts != [None]


async def test_many_descriptors(ping3, ask):
    """It works where more than 1024 files are open, which `select` cannot."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    taken = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        assert None not in (await ping3.ping(ask("127.0.0.1", 3))).rtts
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_cancelled(ping3, peer, ask):
    """A cancelled run gives its threads back soon, long before its timeout."""
    run = asyncio.create_task(ping3.ping(ask("127.0.0.5", THREADS, timeout=60, seconds=60)))
    for _ in range(THREADS):
        await peer.next()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    again = asyncio.create_task(ping3.ping(ask("127.0.0.5")))
    peer.answer(await peer.next())
    assert None not in (await again).rtts


async def test_no_thread_free(network, ping3, ask):
    """A run that got no thread in time says so; it does not call the host unreachable."""
    network.cable()
    busy = asyncio.create_task(ping3.ping(ask(SILENT, THREADS, timeout=60)))
    await asyncio.sleep(0)
    with pytest.raises(CollectError, match="16 threads of the ping3 engine were busy"):
        await ping3.ping(ask("127.0.0.1", seconds=0.2))
    busy.cancel()


async def test_stop():
    """It can be stopped without having been started, and twice."""
    engine = Ping3Pinger(Options())
    await engine.stop()
    await engine.stop()
