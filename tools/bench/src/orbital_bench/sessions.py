"""A plugin whose series never come again: each collection has new sessions, and those before are gone."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from orbital_sdk import Columns, Context, DeviceFields, Metric, Plugin, PluginConfig


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

    async def collect(self, device: SessionsDevice, ctx: Context) -> Columns:
        begin = ctx.memory["next"] = ctx.memory.get("next", 0) + device.sessions
        series = [
            self.octets.series(f"{device.host}-{number:010d}", f"user-{number % 50}", "eth0")
            for number in range(begin, begin + device.sessions)
        ]
        return Columns(tuple(series), [float(begin)] * len(series))
