"""The engine of our own, on both kinds of ICMP socket, against hosts that behave and hosts that don't."""

from __future__ import annotations

import asyncio
import socket
import time
from itertools import pairwise

import pytest
import uvloop

from orbital_plugin_ping.native import NativePinger
from orbital_plugin_ping.native import pinger as native_pinger
from orbital_plugin_ping.native.endpoint import READ_AT_ONCE
from orbital_plugin_ping.sockets import Options
from orbital_sdk import CollectError

SILENT = "10.99.0.66"
LONG = {"timeout": 600.0, "seconds": 900.0}
"""Of packets whose end is not waited for."""
GUARD = 60
"""Seconds; a test that takes longer waits for the wrong thing."""


def left_behind(pinger: NativePinger) -> list[object]:
    return [*pinger._waiting, *pinger._runs]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.8.7", "::1"])
async def test_answers(pinger, ask, host):
    """Every packet of a run is answered and timed, over IPv4 and IPv6."""
    outcome = await pinger.ping(ask(host, 3))
    assert len(outcome.rtts) == 3
    assert all(rtt and 0 < rtt < 1 for rtt in outcome.rtts)
    assert outcome.hop_limit == 64
    assert (outcome.duplicates, outcome.reason, pinger.strays) == (0, "", 0)
    assert not left_behind(pinger)


async def test_silence(network, pinger, ask):
    """No reply is a lost packet without a time, and a reason that invents nothing."""
    network.cable()
    outcome = await pinger.ping(ask(SILENT, 2, timeout=0.1))
    assert outcome.rtts == [None, None]
    assert outcome.reason == ""
    assert not left_behind(pinger)


async def test_forged_replies(pinger, peer, ask):
    """A reply counts only from the host that was asked, with the packet's own number and token."""
    run = asyncio.create_task(pinger.ping(ask("127.0.0.77", timeout=0.3)))
    asked = await peer.next()
    peer.answer(asked, source="127.0.0.66")
    peer.answer(asked, sequence=(int.from_bytes(asked.message[6:8]) + 1) % 65536)
    peer.answer(asked, token=b"guessed!")
    assert (await run).rtts == [None]
    assert pinger.strays == 3


async def test_true_reply_after_forged_ones(pinger, peer, ask):
    """Forged replies don't keep the true one out."""
    run = asyncio.create_task(pinger.ping(ask("127.0.0.77")))
    asked = await peer.next()
    peer.answer(asked, source="127.0.0.66")
    peer.answer(asked, token=b"guessed!")
    peer.answer(asked)
    assert (await run).rtts != [None]


async def test_late_reply(pinger, peer, ask):
    """A late reply of one host is credited neither to its next run nor to another host."""
    assert (await pinger.ping(ask("127.0.0.5", timeout=0.05))).rtts == [None]
    late = await peer.next()
    again = asyncio.create_task(pinger.ping(ask("127.0.0.5", timeout=0.3)))
    other = asyncio.create_task(pinger.ping(ask("127.0.0.6", timeout=0.3)))
    for _ in range(2):
        await peer.next()
    peer.answer(late)
    assert [(await again).rtts, (await other).rtts] == [[None], [None]]
    assert pinger.strays == 1


async def test_duplicates(pinger, peer, ask):
    """Further replies to a packet are counted and change neither loss nor times."""
    run = asyncio.create_task(pinger.ping(ask("127.0.0.5", 2, gap=0.05)))
    first = await peer.next()
    for _ in range(3):
        peer.answer(first)
    peer.answer(await peer.next())
    outcome = await run
    assert outcome.duplicates == 2
    assert len(outcome.rtts) == 2
    assert None not in outcome.rtts


async def test_late_within_run(pinger, peer, ask):
    """A reply that takes longer than the timeout is lost even while its run still waits for others."""
    run = asyncio.create_task(pinger.ping(ask("127.0.0.5", 2, gap=0.2, timeout=0.1)))
    first, second = await peer.next(), await peer.next()
    peer.answer(first)
    peer.answer(second)
    outcome = await run
    assert outcome.rtts[0] is None
    assert outcome.rtts[1] is not None


async def test_busy_loop(pinger, ask):
    """A loop that is busy when the reply comes neither loses it nor adds its own delay to the time."""
    for _ in range(
        10
    ):  # the kernel starts taking times a moment after being told: until then it is late
        run = asyncio.create_task(pinger.ping(ask("127.0.0.1", timeout=0.2)))
        await asyncio.sleep(0)  # it sends
        time.sleep(0.5)  # noqa: ASYNC251 (a busy loop is what this is about)
        (rtt,) = (await run).rtts
        if rtt is not None and rtt < 0.2:
            return
    pytest.fail(f"the loop's delay is in the time: {rtt} s")


async def test_busy_loop_and_many_replies(pinger, peer, ask):
    """Nor does it lose any of more replies than are read at once."""
    hosts = [f"127.0.{n // 200}.{n % 200 + 1}" for n in range(READ_AT_ONCE + 100)]
    for timeout in (2.0, 60.0):  # the second where a busy machine answers too late for the first
        until = time.monotonic() + timeout
        runs = [
            asyncio.create_task(pinger.ping(ask(host, **LONG | {"timeout": timeout})))
            for host in hosts
        ]
        for asked in [await peer.next() for _ in hosts]:
            peer.answer(asked)
        if time.monotonic() < until:
            break
        await asyncio.gather(*runs)
    time.sleep(max(0.0, until + 0.2 - time.monotonic()))  # noqa: ASYNC251 (as above)
    outcomes = await asyncio.gather(*runs)
    assert sum(outcome.rtts == [None] for outcome in outcomes) == 0


async def test_many_hosts(pinger, ask):
    """Five hundred hosts at once: nobody's reply is lost or taken for another's, and nothing stays behind."""
    hosts = [f"127.0.{high}.{low}" for high in (1, 2) for low in range(1, 251)]
    outcomes = await asyncio.gather(*[pinger.ping(ask(host, 2)) for host in hosts])
    assert sum(rtt is None for outcome in outcomes for rtt in outcome.rtts) == 0
    assert pinger.strays == 0
    assert not left_behind(pinger)


async def test_each_its_own(pinger, peer, ask):
    """Of many hosts at once, those that answer are up and the others down, whoever answers when."""
    hosts = [f"127.0.0.{n}" for n in range(1, 101)]
    runs = {host: asyncio.create_task(pinger.ping(ask(host, **LONG))) for host in hosts}
    asked = [await peer.next() for _ in hosts]
    up = set(hosts[::3])
    for packet in reversed(asked):
        if packet.destination in up:
            peer.answer(packet)
        else:  # somebody who is up answers in its place
            peer.answer(packet, source=hosts[0])
    await asyncio.wait_for(asyncio.gather(*[runs[host] for host in up]), GUARD)
    assert {host for host, run in runs.items() if run.done()} == up
    for run in runs.values():
        run.cancel()


async def test_bursts_are_bounded(pinger, ask):
    """However many hosts are due at once, replies are read between one burst and the next."""
    seen, loop = [0], asyncio.get_running_loop()

    def look() -> None:
        seen.append(sum(len(run.outcome.rtts) for run in pinger._runs))
        loop.call_soon(look)

    look()
    hosts = [f"127.0.1.{n}" for n in range(1, 251)]
    await asyncio.gather(*[pinger.ping(ask(host, 1)) for host in hosts])
    most = max(after - before for before, after in pairwise(seen))
    assert 0 < most <= 2 * native_pinger.BURST


async def test_cancelled(network, pinger, ask):
    """A run cancelled in the middle leaves nothing behind: no packet, no timer, no place in the queue."""
    network.cable()
    runs = [asyncio.create_task(pinger.ping(ask(SILENT, 3, gap=1.0))) for _ in range(100)]
    await asyncio.sleep(0)
    assert left_behind(pinger)
    for run in runs:
        run.cancel()
    assert all(
        isinstance(e, asyncio.CancelledError)
        for e in await asyncio.gather(*runs, return_exceptions=True)
    )
    assert not left_behind(pinger)
    assert (await pinger.ping(ask("127.0.0.1"))).rtts != [None]
    assert not pinger._queue


async def test_sequence_wraps(pinger, peer, ask):
    """Sequence numbers start again after 65,535, and skip one whose packet is still on its way."""
    pinger._sequence = 0xFFFD
    waiting = asyncio.create_task(pinger.ping(ask("127.0.0.5", 3)))
    numbers = [int.from_bytes((await peer.next()).message[6:8]) for _ in range(3)]
    assert numbers == [0xFFFE, 0xFFFF, 0]
    pinger._sequence = 0xFFFD
    again = asyncio.create_task(pinger.ping(ask("127.0.0.5")))
    packet = await peer.next()
    assert int.from_bytes(packet.message[6:8]) == 1
    peer.answer(packet)
    assert (await again).rtts != [None]
    waiting.cancel()


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("10.98.0.1", "host unreachable, says 10.99.0.2"),
        ("10.97.0.1", "administratively prohibited, says 10.99.0.2"),
    ],
)
async def test_refused_on_the_way(router, pinger, ask, host, reason):
    """What a router says about a lost packet is the reason, and the run doesn't wait for its timeout."""
    outcome = await asyncio.wait_for(pinger.ping(ask(host, **LONG)), GUARD)
    assert outcome.rtts == [None]
    assert outcome.reason == reason


async def test_expired_on_the_way(router, kind, ask):
    """A TTL too short for the way is told as such."""
    pinger = NativePinger(Options(ttl=1))
    await pinger.start()
    outcome = await asyncio.wait_for(pinger.ping(ask("10.96.0.1", **LONG)), GUARD)
    await pinger.stop()
    assert outcome.reason == "TTL exceeded on the way, says 10.99.0.2"


async def test_too_big(network, kind, ask):
    """With `dont_fragment` a packet that does not fit the path is refused and told as such."""
    network.cable()
    pinger = NativePinger(Options(dont_fragment=True, payload=4000))
    await pinger.start()
    outcome = await asyncio.wait_for(pinger.ping(ask(SILENT, **LONG)), GUARD)
    await pinger.stop()
    assert outcome.reason == "packet too big for the path"


@pytest.mark.parametrize("payload", [8, 9, 1473, 65000])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_payload_sizes(network, kind, ask, payload, host):
    """Odd, large and fragmented payloads have right checksums and are answered."""
    pinger = NativePinger(Options(payload=payload))
    await pinger.start()
    outcome = await pinger.ping(ask(host, 2))
    await pinger.stop()
    assert None not in outcome.rtts


async def test_reply_after_refusal(pinger, peer, ask):
    """A true reply counts even if some router has declared the host unreachable before."""
    run = asyncio.create_task(pinger.ping(ask("127.0.0.5", 2, gap=0.05)))
    first = await peer.next()
    peer.refuse(first, teller="127.0.0.9")
    peer.answer(first)
    peer.answer(await peer.next())
    assert None not in (await run).rtts


async def test_short_and_forged_refusals(pinger, peer, ask):
    """An ICMP error may quote no more than the header; one that quotes another token is nobody's."""
    run = asyncio.create_task(pinger.ping(ask("127.0.0.5", 2, gap=0.05, timeout=0.3)))
    peer.refuse(await peer.next(), teller="127.0.0.9", token=b"guessed!")
    peer.refuse(await peer.next(), teller="127.0.0.9", code=10, quoted=8)
    outcome = await run
    assert outcome.rtts == [None, None]
    assert outcome.reason == "host administratively prohibited, says 127.0.0.9"
    assert pinger.strays == 1


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_errors_of_one_host(kind, peer, ask, loop):
    """ICMP errors about one host don't keep others from being pinged, on either event loop."""
    bad, good = ([f"127.0.{net}.{n}" for n in range(1, 31)] for net in (1, 2))

    async def tell() -> None:
        while True:
            asked = await peer.next()
            if asked.destination in bad:
                peer.refuse(asked, teller="127.0.0.9")
            else:
                peer.answer(asked)

    async def scenario() -> None:
        pinger, telling = NativePinger(Options()), asyncio.create_task(tell())
        await pinger.start()
        pairs = zip(bad, good, strict=True)
        runs = [pinger.ping(ask(host, 3, gap=0.02, **LONG)) for pair in pairs for host in pair]
        outcomes = await asyncio.wait_for(asyncio.gather(*runs), GUARD)
        assert {outcome.reason for outcome in outcomes[::2]} == {"host unreachable, says 127.0.0.9"}
        assert all(None not in outcome.rtts for outcome in outcomes[1::2])
        telling.cancel()
        await pinger.stop()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(scenario())


async def test_error_that_is_not_ours(pinger, peer, ask):
    """Linux gives an ICMP error about one host to whoever sends next: that packet leaves all the same."""
    runs = [asyncio.create_task(pinger.ping(ask("127.0.0.5")))]
    peer.refuse(await peer.next(), teller="127.0.0.9")
    runs.append(asyncio.create_task(pinger.ping(ask("127.0.0.6"))))  # sends before anything is read
    peer.answer(await asyncio.wait_for(peer.next(), GUARD))
    refused, answered = await asyncio.gather(*runs)
    assert (refused.rtts, refused.reason) == ([None], "host unreachable, says 127.0.0.9")
    assert (answered.reason, None in answered.rtts) == ("", False)


async def test_full_send_buffer(network, pinger, ask):
    """Neighbours that are switched off fill a send buffer for seconds; others are pinged all the same."""
    network.cable()
    pool = pinger._pools[socket.AF_INET]
    pool._endpoints[0]._sock.setsockopt(
        socket.SOL_SOCKET, socket.SO_SNDBUF, 1
    )  # the least there is
    off = [
        asyncio.create_task(pinger.ping(ask(f"10.99.0.{n}", timeout=20))) for n in range(100, 120)
    ]
    outcome = await pinger.ping(ask("127.0.0.1"))
    assert len(pool._endpoints) > 1
    assert outcome.rtts != [None]
    assert not any(run.done() for run in off)
    for run in off:
        run.cancel()


async def test_no_room_anywhere(network, pinger, ask, no_descriptors):
    """Where no further socket can be opened packets wait, and a run that waits too long ends unsent."""
    network.cable()
    first = pinger._pools[socket.AF_INET]._endpoints[0]
    first._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # the least there is
    with no_descriptors():
        off = [
            asyncio.create_task(pinger.ping(ask(f"10.99.0.{n}", timeout=20)))
            for n in range(100, 120)
        ]
        await asyncio.sleep(0)
        outcome = await pinger.ping(ask("127.0.0.1", seconds=0.2))
    assert outcome.rtts == []
    for run in off:
        run.cancel()


async def test_others_pings(network, ask):
    """On a raw socket, replies to other programs' pings don't even wake the engine."""
    pinger = NativePinger(Options())
    await pinger.start()
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as other:
        other.sendto(bytes([8, 0, 0xF7, 0xFF, 0, 0, 0, 0]), ("127.0.0.1", 0))
        other.recv(100)
        assert pinger._ready.poll(0) == []
    assert (await pinger.ping(ask("127.0.0.1"))).rtts != [None]
    await pinger.stop()


async def test_stopped(network, pinger, ask):
    """Runs in flight at a stop end with an error that says so; stopping again is not an error."""
    network.cable()
    run = asyncio.create_task(pinger.ping(ask(SILENT, 3)))
    await asyncio.sleep(0)
    await pinger.stop()
    with pytest.raises(CollectError, match="stopped"):
        await run
    await pinger.stop()
    assert not left_behind(pinger)


async def test_stop_without_start():
    """An engine that was never started can be stopped."""
    await NativePinger(Options()).stop()
