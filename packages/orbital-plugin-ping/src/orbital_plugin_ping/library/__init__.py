"""The engine on ping3: packets are made and understood by the library, one thread each."""

from orbital_plugin_ping.library.pinger import Ping3Pinger

__all__ = ["Ping3Pinger"]
