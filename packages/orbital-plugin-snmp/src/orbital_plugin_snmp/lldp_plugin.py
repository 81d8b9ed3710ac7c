"""The plugin `lldp`: a device's neighbours alone, under the name that tasks of older sentinels have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, cast

from pydantic import BeforeValidator, Field

from orbital_plugin_snmp.config import SessionConfig
from orbital_plugin_snmp.device import SnmpDevice
from orbital_plugin_snmp.plugin import Snmp, SnmpConfig
from orbital_plugin_snmp.polling.catalogue import Catalogue
from orbital_sdk import Duration  # noqa: TC001 (pydantic reads it at run time)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_sdk import Metric

SNMP: Final = "snmp"


def _known_protocol(value: object) -> object:
    text = str(value).strip().lower()
    if text not in ("", SNMP):
        raise ValueError(
            f"neighbours are read by SNMP, not by {text[:20]}; give the task `protocol: snmp` and what"
            " the device's SNMP agent wants: community, or username and passwords of version 3"
        )
    return SNMP


class LldpDevice(SnmpDevice):
    """As of the plugin `snmp`, and with the protocol that tasks of older sentinels name."""

    protocol: Annotated[Literal["snmp"], BeforeValidator(_known_protocol)] = SNMP
    """Neighbours are read by SNMP; tasks that say `ssh` are refused."""


class LldpConfig(SessionConfig):
    """How the plugin asks."""

    label_refresh: Annotated[Duration, Field(ge=0)] = 600.0
    """How often the names of the device's own ports are read anew."""

    def whole(self) -> SnmpConfig:
        """The same for the plugin `snmp`, with the profile `lldp`."""
        own = {name: getattr(self, name) for name in LldpConfig.model_fields}
        return SnmpConfig(profiles=("lldp",), **own)


class Lldp(Snmp):
    """Reads the neighbours of devices out of LLDP-MIB (IEEE 802.1AB)."""

    name = "lldp"
    summary = "LLDP neighbours of switches and routers, by SNMP"
    metadata: ClassVar[Mapping[str, Any]] = {
        **Snmp.metadata,
        "protocols": [SNMP],
        "device_types": ["switch", "router", "firewall", "server"],
    }
    device_model = LldpDevice
    config_model = LldpConfig

    def __init__(self, config: LldpConfig) -> None:
        super().__init__(config.whole())
        self.config = cast("Any", config)  # what its tasks say, of which the whole is made

    @classmethod
    def declared_metrics(cls) -> tuple[Metric, ...]:
        """About the poll, and the neighbours."""
        return (*cls.poll_metrics(), *Catalogue(LldpConfig().whole()).metrics())
