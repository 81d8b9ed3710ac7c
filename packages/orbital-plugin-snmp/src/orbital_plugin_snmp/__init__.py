"""SNMP for Orbital Sentinel."""

from orbital_plugin_snmp.device import SnmpDevice
from orbital_plugin_snmp.plugin import Snmp, SnmpConfig

__all__ = ["Snmp", "SnmpConfig", "SnmpDevice"]
