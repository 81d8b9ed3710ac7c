"""Takes what others push for Orbital Sentinel: Prometheus remote write and the text format."""

from orbital_plugin_push.device import PushDevice
from orbital_plugin_push.plugin import Push

__all__ = ["Push", "PushDevice"]
