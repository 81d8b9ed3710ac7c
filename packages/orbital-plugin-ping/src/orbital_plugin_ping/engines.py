"""Chooses the engine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from orbital_plugin_ping.address import families_of
from orbital_plugin_ping.sockets import Options
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from orbital_plugin_ping.fields import PingConfig
    from orbital_plugin_ping.pinger import Pinger

NATIVE_WORKS = sys.platform == "linux"


def engine(config: PingConfig) -> Pinger:
    """The engine that these settings ask for, not started yet.

    Raises:
        ConfigurationError: It does not run on this system.
    """
    options = Options(
        families=families_of(config.version, config.source),
        source=config.source,
        ttl=config.ttl,
        dont_fragment=config.dont_fragment,
        payload=config.payload_size,
    )
    if config.engine == "ping3" or (config.engine == "auto" and not NATIVE_WORKS):
        from orbital_plugin_ping.library import Ping3Pinger  # noqa: PLC0415 (few agents need it)

        return Ping3Pinger(options)
    if not NATIVE_WORKS:
        raise ConfigurationError(
            f"the native ping engine needs Linux and this is {sys.platform}; use engine: ping3",
            field="engine",
        )
    from orbital_plugin_ping.native import NativePinger  # noqa: PLC0415 (cannot run elsewhere)

    return NativePinger(options)
