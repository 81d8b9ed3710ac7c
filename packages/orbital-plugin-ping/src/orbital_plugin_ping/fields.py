"""What a user may set: per host (`PingDevice`) and for the plugin (`PingConfig`)."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from orbital_sdk import DeviceFields, Duration, Host, PluginConfig
from orbital_sdk.units import parse_duration

GAP: Final = 0.2
"""Seconds between two packets to one host: what `ping -i` has always let unprivileged users do."""
LONGEST_GAP: Final = 10.0


def _gap(value: object) -> float:
    """Seconds between packets. Older configurations also say `interval: 60` here and mean the time between
    collections, which is the task's own interval; no packets are that far apart, so the default holds.
    """
    seconds = parse_duration(value)
    return seconds if seconds <= LONGEST_GAP else GAP


class PingDevice(DeviceFields):
    """One host to ping."""

    host: Host
    count: Annotated[int, Field(ge=1, le=100)] = 4
    """Echo requests a run."""
    timeout: Annotated[Duration, Field(gt=0, le=60)] = 5.0
    """How long to wait for the reply to each packet, and for the name server; `5s` or a number of seconds.
    A run ends before its task's timeout in any case."""
    interval: Annotated[Duration, BeforeValidator(_gap)] = GAP
    """Time between two packets of a run. Shortened where the task's timeout leaves no room for it."""


class PingConfig(PluginConfig):
    """How the plugin sends."""

    engine: Literal["auto", "native", "ping3"] = "auto"
    """`native`: one socket for all hosts, times taken by the kernel (Linux). `ping3`: the library of that
    name on a few threads (everywhere). `auto`: native where it works."""
    version: Literal["auto", 4, 6] = "auto"
    """IP version; `auto` takes what RFC 6724 puts first."""
    payload_size: Annotated[int, Field(ge=8, le=65000)] = 56
    """Bytes behind the ICMP header."""
    source: Annotated[str, Field(max_length=64)] = ""
    """Address of this machine to send from."""
    ttl: Annotated[int, Field(ge=1, le=255)] | None = None
    """Time to live (hop limit) of the packets; the system's default where it is left out."""
    dont_fragment: bool = False
    """Refuse to fragment, so that a large `payload_size` tests the path's MTU."""
    legacy_names: bool = True
    """Also give `ping_reachable`, `ping_rtt_ms` and `ping_packet_loss`, as older sentinels did."""
    statistics: bool = True
    """Also give minimum, mean, maximum, deviation and jitter of the round-trip times, and packet counts."""
    percentiles: tuple[Annotated[float, Field(ge=0, le=100)], ...] = ()
    """Percentiles of the round-trip times to give, such as `[50, 95]`; of use with many packets a run."""
