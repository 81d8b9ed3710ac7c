"""The default engine: one ICMP socket for all hosts, on the event loop, with times taken by the kernel."""

from orbital_plugin_ping.native.pinger import NativePinger

__all__ = ["NativePinger"]
