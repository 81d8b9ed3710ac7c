"""The plugin: what the agent calls, and what it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from orbital_plugin_ping.address import families_of, numeric
from orbital_plugin_ping.engines import engine
from orbital_plugin_ping.fields import PingConfig, PingDevice
from orbital_plugin_ping.metrics import PingMetrics
from orbital_plugin_ping.probe import Probe
from orbital_plugin_ping.series import Selection
from orbital_plugin_ping.session import HostSession
from orbital_sdk import ConfigurationError, Metric, Plugin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_sdk import PluginHost

FORBIDDEN: Final = (
    "this process may open no ICMP socket, so nothing can be pinged. Either set net.ipv4.ping_group_range to "
    "a range that has its group (sysctl -w net.ipv4.ping_group_range='0 2147483647'; Docker: --sysctl), "
    "or give it the capability CAP_NET_RAW (systemd: AmbientCapabilities=; Docker: --cap-add)"
)


class Ping(Plugin[PingDevice, PingConfig], PingMetrics):
    """Sends ICMP echo requests."""

    name = "ping"
    summary = "Reachability, packet loss, round-trip times and jitter by ICMP echo"
    metadata: ClassVar[Mapping[str, Any]] = {
        "author": "Orbital",
        "device_types": ["host", "server", "router", "switch", "firewall"],
        "advice": {
            "DeviceUnreachable": [
                "a firewall may drop pings while the device is up: ask it by another plugin"
            ]
        },
    }

    def __init__(self, config: PingConfig) -> None:
        super().__init__(config)
        self._selection = Selection(config)
        self._families = families_of(config.version, config.source)
        self._pinger = engine(config)
        self._probe = Probe(self._pinger, self._families, config.percentiles)

    async def start(self, host: PluginHost) -> None:
        try:
            await self._pinger.start()
        except PermissionError as error:
            raise ConfigurationError(FORBIDDEN) from error
        except OSError as error:
            source = self.config.source
            where = f" that sends from {source}" if source else ""
            raise ConfigurationError(
                f"cannot open an ICMP socket{where}: {error.strerror or error}",
                field="source" if source else None,
            ) from error

    async def stop(self) -> None:
        await self._pinger.stop()

    def validate_device(self, device: PingDevice) -> None:
        address = numeric(device.host)
        if address is not None and address.family not in self._families:
            raise ConfigurationError(
                f"{device.host} is IPv{address.version}, which the plugin's version or source rules out",
                field="host",
            )

    async def open(self, device: PingDevice) -> HostSession:
        return HostSession(device, self._probe, self._selection)

    def metrics(self) -> tuple[Metric, ...]:
        return self._selection.metrics
