"""The plugin: what the agent calls, and what it is told."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakSet

from orbital_plugin_modbus.config import ModbusConfig
from orbital_plugin_modbus.device import ModbusDevice
from orbital_plugin_modbus.job import Job
from orbital_plugin_modbus.learned import note, recall
from orbital_plugin_modbus.line import line_of
from orbital_plugin_modbus.metrics import ModbusMetrics
from orbital_sdk import ConfigurationError, DeviceUnreachable, Metric, Notes, Plugin

if TYPE_CHECKING:
    from orbital_sdk import Columns, Context


class Modbus(ModbusMetrics, Plugin[ModbusDevice, ModbusConfig]):
    """Reads register maps."""

    name = "modbus"
    summary = "Registers and coils of Modbus devices over TCP, TLS, UDP and serial lines, by register maps"
    author = "Orbital"
    device_types = ("plc", "meter", "inverter", "sensor", "gateway")

    @cached_property
    def notes(self) -> Notes:
        """What was learned of units."""
        return Notes(self.folder, about="Modbus units")

    @cached_property
    def _jobs(self) -> WeakSet[Job]:
        return WeakSet()

    async def stop(self) -> None:
        for job in tuple(self._jobs):
            job.leave()
        self.notes.save()

    def validate_device(self, device: ModbusDevice) -> None:
        if device.transport == "tls":
            if device.tls.server_name and self.config.engine == "pymodbus":
                raise ConfigurationError(
                    "pymodbus expects the host's own name in the certificate; leave out server_name,"
                    " or engine: pymodbus",
                    field="tls",
                )
            line_of(device, self.config.engine).context()

    async def collect(self, device: ModbusDevice, ctx: Context) -> Columns:
        job = self._job(device, ctx)
        before = job.version
        try:
            return await job.run(ctx.remaining())
        finally:
            if job.version != before:
                note(self.notes, job)

    async def test_connection(self, device: ModbusDevice, ctx: Context) -> str:
        job = Job(device, self.config, self, ctx.timeout)
        first = job.readers[0]
        turn = await first.turn(first.program)
        if not turn.answered:
            raise DeviceUnreachable(f"{job.way.line.name}, unit {first.unit.number}: {turn.error}")
        got = len(turn.values) - turn.values.count(None)
        return (
            f"unit {first.unit.number} at {job.way.line.name} answered {turn.requests} requests;"
            f" {got} of {len(self.config.map.fields)} fields have a value"
        )

    def target(self, device: ModbusDevice) -> str:
        return line_of(device, self.config.engine).name

    def metrics(self) -> tuple[Metric, ...]:
        return (*self.declared_metrics(), *self.config.map.metrics.values())

    def _job(self, device: ModbusDevice, ctx: Context) -> Job:
        known: Job | None = ctx.memory.get("modbus")
        if known is not None and known.device is device and known.holder is self:
            return known
        job = ctx.memory["modbus"] = Job(device, self.config, self, ctx.timeout)
        self._jobs.add(job)
        recall(self.notes, job)
        return job
