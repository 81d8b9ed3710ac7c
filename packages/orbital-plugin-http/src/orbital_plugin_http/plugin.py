"""The plugin: what all probes of equal settings share."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from orbital_plugin_http.config import HttpConfig
from orbital_plugin_http.device import HttpDevice
from orbital_plugin_http.judge import Judge
from orbital_plugin_http.metrics import ProbeMetrics
from orbital_plugin_http.prepared import PreparedProbe
from orbital_plugin_http.prober import Prober
from orbital_plugin_http.session import ProbeSession
from orbital_plugin_http.tls import CONTEXTS
from orbital_plugin_http.url import parse
from orbital_sdk import ConfigurationError, Plugin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_sdk import Metric, PluginHost


class Http(ProbeMetrics, Plugin[HttpDevice, HttpConfig]):
    """HTTP and HTTPS probes."""

    name = "http"
    summary = (
        "HTTP and HTTPS: status, phases, certificates, values out of JSON and Prometheus pages"
    )
    metadata: ClassVar[Mapping[str, Any]] = {
        "author": "Orbital Sentinel",
        "device_types": ["http", "https", "web", "api"],
        "advice": {
            "DeviceUnreachable": [
                "`curl -v {target}` shows name, connection and certificate from this machine"
            ],
            "UnexpectedReply": [
                "compare `expected_status` and what else the task expects with the answer"
            ],
        },
    }

    def __init__(self, config: HttpConfig) -> None:
        super().__init__(config)
        self._prober = Prober(config)
        self._judge = Judge(config)

    async def start(self, host: PluginHost) -> None:
        """Nothing to open: connections are made by need.

        Raises:
            ConfigurationError: The event loop cannot watch sockets.
        """
        loop = asyncio.get_running_loop()
        try:
            loop.remove_reader(-1)
        except NotImplementedError:
            raise ConfigurationError(
                "the http plugin needs an event loop that watches sockets; on Windows that is"
                " asyncio's selector loop"
            ) from None
        except (ValueError, OSError):
            pass  # it can, and has nothing to watch

    async def stop(self) -> None:
        self._prober.close()
        self._judge.close()

    def validate_device(self, device: HttpDevice) -> None:
        """Load the TLS files, so that what is wrong with them is known before the first run."""
        prepared = PreparedProbe(device, self.config)
        if device.address.startswith("https") or device.ca_file or device.cert_file:
            CONTEXTS.get(prepared.options)

    async def open(self, device: HttpDevice) -> ProbeSession:
        return ProbeSession(device, self.config, self._prober, self._judge)

    def target(self, device: HttpDevice) -> str:
        return str(parse(device.address))

    def metrics(self) -> tuple[Metric, ...]:
        """Those of the probe, of `values`, and what the Prometheus page was seen to have."""
        return (*super().metrics(), *self._judge.metrics)
