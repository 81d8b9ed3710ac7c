"""ICMP echo for Orbital Sentinel: loss, round-trip times and jitter."""

from orbital_plugin_ping.fields import PingConfig, PingDevice
from orbital_plugin_ping.plugin import Ping

__all__ = ["Ping", "PingConfig", "PingDevice"]
