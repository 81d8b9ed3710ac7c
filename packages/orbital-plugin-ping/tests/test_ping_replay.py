"""What `ping` printed in place of a host."""

from __future__ import annotations

import pytest

from orbital_plugin_ping.fields import PingConfig, PingDevice
from orbital_plugin_ping.replay import RepliesReplay, read_outcome
from orbital_sdk import ConfigurationError, DeviceUnreachable
from orbital_sdk.testing import Runs

LINUX = """\
PING router.example.com (192.0.2.1) 56(84) bytes of data.
64 bytes from 192.0.2.1 (192.0.2.1): icmp_seq=1 ttl=62 time=0.5 ms
64 bytes from 192.0.2.1 (192.0.2.1): icmp_seq=1 ttl=62 time=0.6 ms (DUP!)
64 bytes from 192.0.2.1 (192.0.2.1): icmp_seq=3 ttl=62 time=1.5 ms

--- router.example.com ping statistics ---
4 packets transmitted, 2 received, +1 duplicates, 50% packet loss, time 3004ms
rtt min/avg/max/mdev = 0.5/1.0/1.5/0.5 ms
"""
BUSYBOX = """\
PING 192.0.2.1 (192.0.2.1): 56 data bytes
64 bytes from 192.0.2.1: seq=0 ttl=64 time=0.120 ms
64 bytes from 192.0.2.1: seq=1 ttl=64 time=0.080 ms

--- 192.0.2.1 ping statistics ---
2 packets transmitted, 2 packets received, 0% packet loss
"""
MACOS = """\
PING example.com (2001:db8::1): 56 data bytes
64 bytes from 2001:db8::1: icmp_seq=0 ttl=57 time=11.5 ms
Request timeout for icmp_seq 1
"""
SILENT = """\
PING 192.0.2.9 (192.0.2.9) 56(84) bytes of data.
From 192.0.2.1 icmp_seq=1 Destination Host Unreachable

--- 192.0.2.9 ping statistics ---
2 packets transmitted, 0 received, +1 errors, 100% packet loss, time 1002ms
"""


@pytest.mark.parametrize(
    ("text", "rtts", "duplicates", "hops", "reason"),
    [
        (LINUX, [0.0005, None, 0.0015, None], 1, 62, ""),
        (BUSYBOX, [0.00012, 0.00008], 0, 64, ""),
        (MACOS, [0.0115, None], 0, 57, ""),
        (SILENT, [None, None], 0, None, "Destination Host Unreachable"),
        ("", [], 0, None, ""),
    ],
)
def test_outcomes(text, rtts, duplicates, hops, reason):
    """Every packet with its time, in the order of sending; what was lost, and why."""
    found = read_outcome(text)
    assert found.rtts == pytest.approx(rtts)
    assert (found.duplicates, found.hop_limit, found.reason) == (duplicates, hops, reason)


@pytest.fixture
def replayed(tmp_path):
    """One collection of such a text."""

    async def run(text):
        file = tmp_path / "router.ping"
        file.write_text(text)
        plugin = RepliesReplay(PingConfig(), file)
        runs = Runs(plugin, PingDevice(host="router.invalid"))
        await plugin.start(runs.host)
        collection = await runs.collect()
        await plugin.stop()
        return collection

    return run


async def test_a_task(replayed):
    """Through the plugin: nobody is asked, and no name looked up."""
    found = await replayed(LINUX)
    assert found.value("ping_packets_received") == 2
    assert found.value("ping_rtt_max_seconds") == pytest.approx(0.0015)
    assert found.value("ping_packet_loss") == 50
    assert found.value("probe_ip_protocol") == 4


async def test_a_host_that_is_silent(replayed):
    """Fails as a run does, with what was said on the way."""
    found = await replayed(SILENT)
    assert isinstance(found.error, DeviceUnreachable)
    assert "Destination Host Unreachable" in str(found.error)
    assert found.value("probe_success") == 0


async def test_no_recording(replayed, tmp_path):
    """A file that `ping` did not write is refused, and one that is not there."""
    with pytest.raises(ConfigurationError, match="does not begin as ping does"):
        await replayed("hello")
    with pytest.raises(ConfigurationError, match="No such file"):
        RepliesReplay(PingConfig(), tmp_path / "nothing")
