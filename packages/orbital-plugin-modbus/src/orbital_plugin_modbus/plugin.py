"""The plugin: what the agent calls, and what it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from orbital_plugin_modbus.config import ModbusConfig
from orbital_plugin_modbus.device import ModbusDevice
from orbital_plugin_modbus.line import line_of
from orbital_plugin_modbus.metrics import ModbusMetrics
from orbital_plugin_modbus.session import MapSession
from orbital_sdk import ConfigurationError, Metric, Plugin, StateFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_sdk import PluginHost

ABOUT: Final = "Modbus units"
"""What the file is about."""


class Modbus(ModbusMetrics, Plugin[ModbusDevice, ModbusConfig]):
    """Reads register maps."""

    name = "modbus"
    summary = "Registers and coils of Modbus devices over TCP, TLS, UDP and serial lines, by register maps"
    metadata: ClassVar[Mapping[str, Any]] = {
        "author": "Orbital",
        "device_types": ["plc", "meter", "inverter", "sensor", "gateway"],
        "advice": {
            "DeviceUnreachable": [
                "many gateways serve few connections at once: close other Modbus clients"
            ],
            "PartialCollect": [
                "compare the register map with the manual, whose addresses may begin at 1"
            ],
        },
    }

    def __init__(self, config: ModbusConfig) -> None:
        super().__init__(config)
        self._state = StateFile(None, about=ABOUT)

    async def start(self, host: PluginHost) -> None:
        damaged = host.counter("damaged_files", "Files of what was learned that were set aside")
        self._state = StateFile(host.folder, about=ABOUT, damaged=damaged.add)

    async def stop(self) -> None:
        self._state.save()

    def validate_device(self, device: ModbusDevice) -> None:
        if device.transport == "tls":
            if device.tls.server_name and self.config.engine == "pymodbus":
                raise ConfigurationError(
                    "pymodbus expects the host's own name in the certificate; leave out server_name,"
                    " or engine: pymodbus",
                    field="tls",
                )
            line_of(device, self.config.engine).context()

    async def open(self, device: ModbusDevice) -> MapSession:
        return MapSession(device, self.config, self._state)

    def target(self, device: ModbusDevice) -> str:
        return line_of(device, self.config.engine).name

    def metrics(self) -> tuple[Metric, ...]:
        return (*self.declared_metrics(), *self.config.map.metrics.values())
