"""How the plugin asks: what a user may set for all devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from orbital_sdk import ConfigurationError, Duration, PluginConfig

if TYPE_CHECKING:
    from orbital_plugin_snmp.device import SnmpDevice


class SessionConfig(PluginConfig):
    """Engine, patience and bounds of all sessions."""

    engine: Literal["auto", "fast", "pysnmp"] = "auto"
    """`fast`: our own codec, one socket for all devices. `pysnmp`: the library of that name, twenty times
    slower. `auto`: fast."""
    timeout: Annotated[Duration, Field(gt=0, le=300)] = 10.0
    """Longest wait for the answer to one request; `5s` or a number of seconds. A run ends before its task's
    timeout in any case: what is left of it is shared by the attempts."""
    retries: Annotated[int, Field(ge=0, le=10)] = 3
    """How often a request is sent again that nobody answered."""
    response_size: Annotated[int, Field(ge=484, le=60000)] = 1400
    """Bytes of an answer that requests aim at. The default passes any network in one piece; devices on a
    local network may take more."""
    max_rows: Annotated[int, Field(ge=1, le=10_000_000)] = 100_000
    """Rows of one table; a walk ends there."""
    source: Annotated[str, Field(max_length=64)] = ""
    """Address of this machine to send from."""

    def check(self, device: SnmpDevice) -> None:
        """Refuse what the engine cannot do.

        Raises:
            ConfigurationError: It has no such transport.
        """
        if self.engine == "pysnmp" and device.transport == "tcp":
            raise ConfigurationError(
                "engine pysnmp has no TCP; use fast or auto", field="transport"
            )
