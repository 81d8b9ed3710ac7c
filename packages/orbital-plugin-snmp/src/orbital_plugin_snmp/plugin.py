"""The plugin: what the agent calls, and what it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from orbital_plugin_snmp.config import SessionConfig
from orbital_plugin_snmp.device import SnmpDevice
from orbital_plugin_snmp.metrics import ScrapeMetrics
from orbital_plugin_snmp.polling.catalogue import DEFAULT, Catalogue
from orbital_plugin_snmp.polling.session import PollSession
from orbital_plugin_snmp.profiles.settings import ProfileSettings
from orbital_plugin_snmp.session.sharing import PoolLease
from orbital_sdk import Metric, Plugin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_plugin_snmp.profiles.models import Profile
    from orbital_sdk import PluginHost


class SnmpConfig(SessionConfig, ProfileSettings):
    """How the plugin asks, and what for."""


class Snmp(Plugin[SnmpDevice, SnmpConfig], ScrapeMetrics):
    """Reads devices that speak SNMP."""

    name = "snmp"
    summary = "SNMP v1, v2c and v3: profiles, whole tables, LLDP neighbours"
    metadata: ClassVar[Mapping[str, Any]] = {
        "author": "Orbital",
        "device_types": ["switch", "router", "firewall", "server", "ups", "printer", "storage"],
        "neighbors": "lldp_neighbor",
        "advice": {
            "DeviceUnreachable": [
                "a wrong community looks like no answer: `sentinel snmp walk {target} -c NAME` tries one",
                "the device may answer only some addresses: look for its access list, or the SNMP view",
            ]
        },
    }

    default: ClassVar[str | Profile] = DEFAULT
    """The profile that is read where a task chooses nothing."""

    def __init__(self, config: SnmpConfig) -> None:
        super().__init__(config)
        self._settings = config
        self._catalogue = Catalogue(config, self.default)
        self._lease: PoolLease | None = None

    async def start(self, host: PluginHost) -> None:
        self._catalogue.load()
        self._lease = PoolLease(self._settings, host)

    async def stop(self) -> None:
        lease, self._lease = self._lease, None
        if lease is not None:
            await lease.end()

    def validate_device(self, device: SnmpDevice) -> None:
        self._settings.check(device)
        if self._settings.profile_folder:  # of the others, the model knows the names
            self._catalogue.check()

    async def open(self, device: SnmpDevice) -> PollSession:
        if self._lease is None:
            raise RuntimeError("open() without start()")
        settings, pool = self._settings, self._lease.pool
        return PollSession(device, settings, self._catalogue, pool, self.target(device))

    def metrics(self) -> tuple[Metric, ...]:
        return (*self.poll_metrics(), *self._catalogue.metrics())

    @classmethod
    def declared_metrics(cls) -> tuple[Metric, ...]:
        """Its own, and those of the default profile."""
        return (*cls.poll_metrics(), *Catalogue(SnmpConfig(), cls.default).metrics())

    @classmethod
    def poll_metrics(cls) -> tuple[Metric, ...]:
        """About the poll itself, whatever is read."""
        return super().declared_metrics()
