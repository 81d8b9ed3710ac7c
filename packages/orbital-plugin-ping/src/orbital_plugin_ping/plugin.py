"""The plugin: what the agent calls, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orbital_plugin_ping.address import Address, families_of, numeric
from orbital_plugin_ping.engines import engine
from orbital_plugin_ping.fields import PingConfig, PingDevice
from orbital_plugin_ping.metrics import PingMetrics
from orbital_plugin_ping.probe import Probe
from orbital_plugin_ping.series import HostSeries, Selection
from orbital_sdk import (
    CollectError,
    Columns,
    ConfigurationError,
    DeviceUnreachable,
    Metric,
    Plugin,
    Sample,
)

if TYPE_CHECKING:
    from orbital_plugin_ping.reading import Reading
    from orbital_sdk import Context

FORBIDDEN: Final = (
    "this process may open no ICMP socket, so nothing can be pinged. Either set net.ipv4.ping_group_range to "
    "a range that has its group (sysctl -w net.ipv4.ping_group_range='0 2147483647'; Docker: --sysctl), "
    "or give it the capability CAP_NET_RAW (systemd: AmbientCapabilities=; Docker: --cap-add)"
)


@dataclass(frozen=True, slots=True)
class Host:
    """What a task remembers between its runs."""

    device: PingDevice
    plugin: Ping
    series: HostSeries
    address: Address | None
    """None if it has to be looked up each time."""


class Ping(Plugin[PingDevice, PingConfig], PingMetrics):
    """Sends ICMP echo requests."""

    name = "ping"
    summary = "Reachability, packet loss, round-trip times and jitter by ICMP echo"
    author = "Orbital"
    device_types = ("host", "server", "router", "switch", "firewall")

    def __init__(self, config: PingConfig) -> None:
        super().__init__(config)
        self._selection = Selection(config)
        self._families = families_of(config.version, config.source)
        self._pinger = engine(config)
        self._probe = Probe(self._pinger, self._families, config.percentiles)

    async def start(self) -> None:
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

    async def collect(self, device: PingDevice, ctx: Context) -> Columns:
        host = self._host(device, ctx)
        reading = await self._probe.read(device, host.address, ctx)
        columns = host.series.columns(reading)
        if reading.reached:
            return columns
        samples = [Sample(s, v) for s, v in zip(columns.series, columns.values, strict=True)]
        raise _failure(device, reading, samples)

    async def test_connection(self, device: PingDevice, ctx: Context) -> str:
        reading = await self._probe.read(device, self._host(device, ctx).address, ctx)
        got = reading.statistics
        if got.mean is None:
            raise _failure(device, reading, [])
        times = f"{got.mean * 1000:.3g} ms on average"
        return f"{_called(device, reading)} answered {got.received} of {got.sent} packets, {times}"

    def metrics(self) -> tuple[Metric, ...]:
        return self._selection.metrics

    def _host(self, device: PingDevice, ctx: Context) -> Host:
        known: Host | None = ctx.memory.get("ping")
        if known is None or known.device is not device or known.plugin is not self:
            address = None if "%" in device.host else numeric(device.host)  # interfaces come and go
            known = Host(device, self, HostSeries(device.host, self._selection), address)
            ctx.memory["ping"] = known
        return known


def _failure(device: PingDevice, reading: Reading, samples: list[Sample]) -> CollectError:
    """What to raise where nothing came back."""
    if reading.address is not None and not reading.statistics.sent and not reading.reason:
        return CollectError(f"{device.host}: the task's timeout leaves no time to send a packet")
    return DeviceUnreachable(f"{_called(device, reading)}: {reading.reason}", samples=samples)


def _called(device: PingDevice, reading: Reading) -> str:
    """The host as configured, and its address where that says more."""
    address = reading.address
    if address is None or address.text == device.host:
        return device.host
    return f"{device.host} ({address.text})"
