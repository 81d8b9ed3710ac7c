"""One host: its series, and its address where that need not be looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_plugin_ping.address import numeric
from orbital_plugin_ping.series import HostSeries
from orbital_sdk import CollectError, Columns, DeviceUnreachable, Sample, Session

if TYPE_CHECKING:
    from orbital_plugin_ping.address import Address
    from orbital_plugin_ping.fields import PingDevice
    from orbital_plugin_ping.probe import Probe
    from orbital_plugin_ping.reading import Reading
    from orbital_plugin_ping.series import Selection
    from orbital_sdk import Context


class HostSession(Session):
    """What is kept of a host between its runs. Sockets are the plugin's, so there is nothing to close.

    Args:
        device: The host.
        probe: Asks it.
        selection: Which metrics are wanted.
        address: Of the host, where it is known.
    """

    def __init__(
        self,
        device: PingDevice,
        probe: Probe,
        selection: Selection,
        address: Address | None = None,
    ) -> None:
        self._device = device
        self._probe = probe
        self._series = HostSeries(device.host, selection)
        self._address = address or (None if "%" in device.host else numeric(device.host))
        """None where it is looked up each time: names, and interfaces, which come and go."""

    async def collect(self, ctx: Context) -> Columns:
        reading = await self._probe.read(self._device, self._address, ctx)
        columns = self._series.columns(reading)
        if reading.reached:
            return columns
        samples = [Sample(s, v) for s, v in zip(columns.series, columns.values, strict=True)]
        raise _failure(self._device, reading, samples)

    async def test(self, ctx: Context) -> str:
        reading = await self._probe.read(self._device, self._address, ctx)
        got = reading.statistics
        if got.mean is None:
            raise _failure(self._device, reading, [])
        times = f"{got.mean * 1000:.3g} ms on average"
        called = _called(self._device, reading)
        return f"{called} answered {got.received} of {got.sent} packets, {times}"


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
