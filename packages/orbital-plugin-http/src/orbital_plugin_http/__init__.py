"""HTTP and HTTPS probes for Orbital Sentinel: status, phases, certificates, values out of bodies."""

from orbital_plugin_http.config import HttpConfig
from orbital_plugin_http.device import HttpDevice
from orbital_plugin_http.exposition_rules import PrometheusRules
from orbital_plugin_http.plugin import Http
from orbital_plugin_http.value_rules import ValueRule

__all__ = ["Http", "HttpConfig", "HttpDevice", "PrometheusRules", "ValueRule"]
