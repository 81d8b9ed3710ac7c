"""A plugin whose series never come again: each collection has new sessions, and those before are gone."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from orbital_sdk import Columns, Context, DeviceFields, Metric, Plugin, PluginConfig, Session


class SessionsDevice(DeviceFields):
    host: Annotated[str, Field(description="Name of the made-up device")]
    sessions: Annotated[int, Field(ge=1, description="New series a collection")] = 23


class Sessions(Plugin[SessionsDevice, PluginConfig]):
    """A label that never repeats, as the number of a session, a request or a process is one."""

    name = "bench_sessions"
    summary = "A label that never repeats, for benchmarks"

    octets = Metric(
        "bench_session_octets_total",
        "Octets of one session",
        kind="counter",
        labels=("session", "user", "interface"),
    )

    def metrics(self) -> tuple[Metric, ...]:
        return (self.octets,)

    async def open(self, device: SessionsDevice) -> Numbered:
        return Numbered(device, self.octets)


class Numbered(Session):
    """Counts on from run to run."""

    def __init__(self, device: SessionsDevice, octets: Metric) -> None:
        self._device, self._octets, self._next = device, octets, 0

    async def collect(self, ctx: Context) -> Columns:
        del ctx
        begin = self._next = self._next + self._device.sessions
        series = [
            self._octets.series(f"{self._device.host}-{number:010d}", f"user-{number % 50}", "eth0")
            for number in range(begin, begin + self._device.sessions)
        ]
        return Columns(tuple(series), [float(begin)] * len(series))
