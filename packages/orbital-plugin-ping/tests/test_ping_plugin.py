"""The plugin as the agent sees it."""

from __future__ import annotations

import asyncio
import time

import pytest
from pydantic import ValidationError

from orbital_plugin_ping import Ping, PingConfig, PingDevice
from orbital_sdk import ConfigurationError, DeviceUnreachable
from orbital_sdk.testing import FakeHost, check_plugin, collect_once, make_context

SILENT = "10.99.0.66"
RTTS = (
    "ping_rtt_ms",
    "ping_rtt_min_seconds",
    "ping_rtt_mean_seconds",
    "ping_rtt_max_seconds",
    "ping_rtt_stddev_seconds",
    "ping_rtt_jitter_seconds",
    "ping_rtt_seconds",
)


@pytest.mark.parametrize("engine", ["native", "ping3"])
async def test_contract(network, kind, engine):
    """The plugin keeps every promise that the SDK checks, with each engine."""
    network.cable()
    await check_plugin(
        Ping,
        {"host": "127.0.0.1", "interval": "10ms"},
        {"engine": engine},
        unreachable={"host": SILENT, "timeout": "100ms", "count": 1},
    )


@pytest.mark.parametrize(("host", "version"), [("127.0.0.1", 4), ("::1", 6)])
async def test_reading(kind, host, version):
    """A host that answers gives blackbox_exporter's metrics, the older sentinel's, and the statistics."""
    got = await collect_once(Ping, {"host": host, "count": 3, "interval": "20ms"})
    assert got.error is None
    assert got.value("probe_success") == 1
    assert got.value("probe_ip_protocol") == version
    assert got.value("probe_icmp_reply_hop_limit") == 64
    assert got.value("probe_dns_lookup_time_seconds") == 0
    assert got.value("ping_reachable", host=host) == 1
    assert got.value("ping_packet_loss", host=host) == 0
    assert (got.value("ping_packets_sent"), got.value("ping_packets_received")) == (3, 3)
    rtt = got.value("probe_icmp_duration_seconds", phase="rtt")
    assert 0 < got.value("ping_rtt_min_seconds") <= rtt <= got.value("ping_rtt_max_seconds") < 1
    assert got.value("ping_rtt_ms", host=host) == pytest.approx(rtt * 1000)
    assert got.value("probe_duration_seconds") > 0.04  # two intervals


async def test_name(kind):
    """A name is resolved before the first packet, and the time that takes is told apart."""
    got = await collect_once(Ping, {"host": "localhost", "count": 1}, {"version": 4})
    lookup = got.value("probe_dns_lookup_time_seconds")
    assert 0 < lookup == got.value("probe_icmp_duration_seconds", phase="resolve")
    assert lookup < got.value("probe_duration_seconds")
    assert got.value("probe_ip_protocol") == 4
    assert got.value("probe_ip_addr_hash") == 3668918509


async def test_unreachable_is_not_online(network, kind):
    """B-12: a host that does not answer is reported as down: an error, loss 100, reachable 0, and no time."""
    network.cable()
    device = {"host": SILENT, "count": 2, "timeout": "100ms", "interval": 0}
    got = await collect_once(Ping, device, {"percentiles": [95]})
    assert isinstance(got.error, DeviceUnreachable)
    assert str(got.error) == f"{SILENT}: no reply to 2 packets"
    assert (got.value("probe_success"), got.value("ping_reachable")) == (0, 0)
    assert got.value("ping_packet_loss", host=SILENT) == 100
    assert (got.value("ping_packets_sent"), got.value("ping_packets_received")) == (2, 0)
    assert not set(RTTS) & set(got.names)
    with pytest.raises(AssertionError):
        got.value("probe_icmp_duration_seconds", phase="rtt")


async def test_timeouts_hold(network, kind):
    """B-14: a run ends by itself within its task's timeout, however long the device's own would be."""
    network.cable()
    device = {"host": SILENT, "count": 4, "timeout": "60s", "interval": "10s"}
    got = await collect_once(Ping, device, timeout=0.8)
    assert isinstance(got.error, DeviceUnreachable), "not the TimeoutError of a cancelled run"
    assert got.value("ping_packets_sent") == 4
    assert got.value("ping_packet_loss") == 100


@pytest.mark.parametrize("engine", ["native", "ping3"])
async def test_cancelled_in_the_middle(network, kind, engine):
    """B-14: a cancelled run is over at once and the plugin serves the next one."""
    network.cable()
    plugin = Ping(PingConfig(engine=engine))
    await plugin.start(FakeHost())
    silent = await plugin.open(PingDevice(host=SILENT))
    run = asyncio.create_task(silent.collect(make_context()))
    await asyncio.sleep(0)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    await (await plugin.open(PingDevice(host="127.0.0.1", count=1))).collect(make_context())
    await plugin.stop()


async def test_loss_is_counted(kind, peer):
    """B-15: one packet of three lost is 33.3 % and the times are those of the two that came."""
    device = {"host": "127.0.0.5", "count": "3", "timeout": "300ms", "interval": "10ms"}
    run = asyncio.create_task(collect_once(Ping, device))
    for answered in (True, False, True):
        asked = await peer.next()
        if answered:
            peer.answer(asked)
    got = await run
    assert got.error is None
    assert got.value("ping_packet_loss") == pytest.approx(100 / 3)
    assert got.value("ping_packets_received") == 2
    assert got.value("ping_rtt_jitter_seconds") == pytest.approx(
        got.value("ping_rtt_max_seconds") - got.value("ping_rtt_min_seconds")
    )


@pytest.mark.parametrize(
    ("fields", "count", "timeout", "interval"),
    [
        ({}, 4, 5.0, 0.2),
        ({"count": 4, "interval": "1s", "timeout": "5s"}, 4, 5.0, 1.0),
        ({"count": "10", "timeout": "2"}, 10, 2.0, 0.2),
        ({"timeout": 3, "interval": 60}, 4, 3.0, 0.2),  # 60 s between collections, as it was meant
    ],
)
def test_older_configurations(fields, count, timeout, interval):
    """B-15: tasks written for older sentinels load unchanged, and text is taken as the number it says."""
    device = PingDevice.model_validate({"host": "r1.example", **fields})
    assert (device.count, device.timeout, device.interval) == (count, timeout, interval)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"host": "-f"},
        {"host": "a b"},
        {"host": ""},
        {"host": "a;reboot"},
        {"host": "a", "count": 0},
        {"host": "a", "count": 101},
        {"host": "a", "count": "many"},
        {"host": "a", "timeout": "soon"},
        {"host": "a", "timeout": 0},
        {"host": "a", "interval": "-1s"},
        {"host": "a", "hosts": ["b"]},
    ],
)
def test_bad_fields(fields):
    """B-15: a missing or impossible host, number or time is refused before anything is sent."""
    with pytest.raises(ValidationError):
        PingDevice.model_validate(fields)


async def test_unknown_name(kind):
    """A name without an address is a host that is down, with the reason and without times or packets."""
    got = await collect_once(Ping, {"host": "no.such.name.invalid"})
    assert isinstance(got.error, DeviceUnreachable)
    assert str(got.error).startswith("no.such.name.invalid: the name cannot be resolved: ")
    assert (got.value("ping_packets_sent"), got.value("ping_packet_loss")) == (0, 100)
    assert not {"probe_ip_protocol", *RTTS} & set(got.names)


async def test_version(kind):
    """The IP version asked for is the one used, and an address of the other one is refused beforehand."""
    for version, host in ((4, "127.0.0.1"), (6, "::1")):
        got = await collect_once(Ping, {"host": host, "count": 1}, {"version": version})
        assert got.value("probe_ip_protocol") == version
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1 is IPv4") as caught:
        await collect_once(Ping, {"host": "127.0.0.1"}, {"version": 6})
    assert caught.value.field == "host"


async def test_no_ipv6_here(network):
    """Where the machine has no IPv6, IPv4 works and an IPv6 host is down with that reason."""
    network.set("net.ipv6.conf.all.disable_ipv6", 1)
    assert (await collect_once(Ping, {"host": "127.0.0.1", "count": 1})).error is None
    got = await collect_once(Ping, {"host": "::1", "count": 1})
    assert isinstance(got.error, DeviceUnreachable)
    assert got.value("ping_packet_loss") == 100


async def test_source(kind, peer):
    """Packets leave from the address that is set; one that this machine does not have is refused at start."""
    device = {"host": "127.0.0.5", "count": 1}
    run = asyncio.create_task(collect_once(Ping, device, {"source": "127.0.0.99"}))
    asked = await peer.next()
    peer.answer(asked)
    assert asked.source == "127.0.0.99"
    assert (await run).error is None
    with pytest.raises(ConfigurationError, match=r"from 192\.0\.2\.1") as caught:
        await collect_once(Ping, device, {"source": "192.0.2.1"})
    assert caught.value.field == "source"


@pytest.mark.parametrize("source", ["not-an-address", "::1%nowhere"])
async def test_bad_source(network, source):
    """A source that is not an address is a configuration error, not a crash."""
    with pytest.raises(ConfigurationError):
        await collect_once(Ping, {"host": "127.0.0.1"}, {"source": source})


@pytest.mark.parametrize(
    "config",
    [
        {"legacy_names": False},
        {"statistics": False},
        {"legacy_names": False, "statistics": False},
        {"percentiles": [50, 99.5]},
    ],
)
async def test_selection(network, config):
    """The settings choose the metrics, and what is declared is what comes."""
    got = await collect_once(Ping, {"host": "127.0.0.1", "count": 2, "interval": 0}, config)
    declared = {metric.name for metric in Ping(PingConfig.model_validate(config)).metrics()}
    assert set(got.names) == declared
    assert ("ping_rtt_ms" in declared) is config.get("legacy_names", True)
    assert ("ping_rtt_max_seconds" in declared) is config.get("statistics", True)
    if "percentiles" in config:
        low, high = (got.value("ping_rtt_seconds", quantile=q) for q in ("0.5", "0.995"))
        assert 0 < low <= high


async def test_series_are_made_once(network):
    """A task's next run gives the same series again, so that nothing is built twice."""
    plugin = Ping(PingConfig())
    await plugin.start(FakeHost())
    session = await plugin.open(PingDevice(host="127.0.0.1", count=2, interval=0))
    first, second = [await session.collect(make_context()) for _ in range(2)]
    assert first.series is second.series
    other = await (await plugin.open(PingDevice(host="127.0.0.2"))).collect(make_context())
    await plugin.stop()
    assert "host='127.0.0.2'" in repr(other.series)


async def test_connection(kind):
    """Testing a connection says in one line who answered and how fast."""
    plugin = Ping(PingConfig(version=4))
    await plugin.start(FakeHost())
    said = await (await plugin.open(PingDevice(host="localhost", count=2))).test(make_context())
    assert said.startswith("localhost (127.0.0.1) answered 2 of 2 packets, 0.")
    nowhere = await plugin.open(PingDevice(host="no.such.name.invalid"))
    with pytest.raises(DeviceUnreachable):
        await nowhere.test(make_context())
    await plugin.stop()


async def test_no_time_left(network):
    """A run that has no time left says that, and not that the host is down."""
    plugin = Ping(PingConfig())
    await plugin.start(FakeHost())
    session = await plugin.open(PingDevice(host="127.0.0.1"))
    with pytest.raises(Exception, match="leaves no time") as caught:
        await session.collect(make_context(timeout=0.0))
    assert not isinstance(caught.value, DeviceUnreachable)
    await plugin.stop()


@pytest.mark.parametrize("engine", ["auto", "native", "ping3"])
def test_neither_socket(network, as_nobody, engine):
    """Where neither kind of socket is allowed the plugin refuses to start, and says what to set."""
    said = as_nobody(engine, "127.0.0.1")
    assert said.startswith("refused: this process may open no ICMP socket")
    assert "net.ipv4.ping_group_range" in said
    assert "CAP_NET_RAW" in said


@pytest.mark.parametrize("engine", ["native", "ping3"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_unprivileged(network, as_nobody, engine, host):
    """Without any privilege it works where the system allows unprivileged ICMP."""
    network.allow_datagrams()
    assert as_nobody(engine, host).startswith(f"{host} answered 4 of 4 packets")


async def test_wall_clock_plays_no_part(network):
    """A run is over when the steady clock says so: half a second is enough for five packets in a row."""
    before = time.monotonic()
    got = await collect_once(Ping, {"host": "127.0.0.1", "count": 5, "interval": 0})
    assert got.error is None
    assert got.value("probe_duration_seconds") <= time.monotonic() - before
