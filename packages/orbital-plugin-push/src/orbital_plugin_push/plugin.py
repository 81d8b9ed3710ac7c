"""The plugin: what the agent calls, and what it is told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from orbital_plugin_push.device import PushDevice
from orbital_plugin_push.intake import Intake
from orbital_plugin_push.listener import listening, tls_context
from orbital_plugin_push.reading import Reading
from orbital_plugin_push.tally import Tally
from orbital_remote_write import KnownSeries
from orbital_sdk import Metric, Plugin, PluginConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_sdk import Context, Emit, Sample


class Push(Plugin[PushDevice, PluginConfig]):
    """Takes Prometheus remote write and the text format."""

    name = "push"
    summary = "Takes what others push: Prometheus remote write 1.0 and the text format, over HTTP"
    metadata: ClassVar[Mapping[str, Any]] = {"author": "Orbital", "device_types": ["push"]}

    requests = Metric(
        "push_requests_total",
        "Requests, by the status that they were told",
        kind="counter",
        labels=("code",),
    )
    samples = Metric("push_samples_total", "Samples that the buffer has", kind="counter")
    refused = Metric(
        "push_refused_samples_total",
        "Samples that cannot be taken, by reason",
        kind="counter",
        labels=("reason",),
    )
    connections = Metric(
        "push_connections_refused_total", "Connections above the limit", kind="counter"
    )

    def __init__(self, config: PluginConfig) -> None:
        super().__init__(config)
        self._tallies: dict[str, Tally] = {}
        self._known: dict[str, KnownSeries] = {}

    async def serve(self, device: PushDevice, emit: Emit) -> None:
        address = self.target(device)
        tally = self._tallies.setdefault(address, Tally())
        reading = Reading(device.max_body, self._known.setdefault(address, KnownSeries()))
        intake = Intake(device, emit, reading, tally)
        try:
            async with listening(device, intake.answer, tally):
                await asyncio.get_running_loop().create_future()  # until cancelled
        finally:
            intake.close()
            reading.close()

    async def collect(self, device: PushDevice, ctx: Context) -> list[Sample]:
        tally = self._tallies.get(self.target(device), Tally())
        return [
            self.samples(tally.samples),
            self.connections(tally.turned_away),
            *[self.requests(count, str(code)) for code, count in sorted(tally.answers.items())],
            *[self.refused(count, reason) for reason, count in sorted(tally.refused.items())],
        ]

    def metrics(self) -> tuple[Metric, ...]:
        """Its own, and those that came lately: nobody says beforehand what will be pushed."""
        pushed = [metric for known in self._known.values() for metric in known.metrics]
        return (*self.declared_metrics(), *pushed)

    def validate_device(self, device: PushDevice) -> None:
        if device.tls is not None:
            tls_context(device.tls)
