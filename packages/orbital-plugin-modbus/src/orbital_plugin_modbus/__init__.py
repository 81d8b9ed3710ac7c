"""Modbus for Orbital Sentinel: register maps, planned reads, shared buses."""

from orbital_plugin_modbus.config import ModbusConfig
from orbital_plugin_modbus.device import ModbusDevice
from orbital_plugin_modbus.plugin import Modbus

__all__ = ["Modbus", "ModbusConfig", "ModbusDevice"]
