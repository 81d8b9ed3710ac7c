"""One device by the plugin's map: the first run takes its bus, the close gives it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_plugin_modbus.buses import BUSES, Buses
from orbital_plugin_modbus.job import Job
from orbital_plugin_modbus.stored_quirks import recall, store
from orbital_sdk import DeviceUnreachable, Session

if TYPE_CHECKING:
    from orbital_plugin_modbus.config import ModbusConfig
    from orbital_plugin_modbus.device import ModbusDevice
    from orbital_sdk import Columns, Context, StateFile


class MapSession(Session):
    """Reads one device.

    Args:
        device: Its fields.
        config: The map.
        state: What was learned of units.
        buses: Has the device's bus.
    """

    def __init__(
        self,
        device: ModbusDevice,
        config: ModbusConfig,
        state: StateFile,
        buses: Buses = BUSES,
    ) -> None:
        self._device, self._config, self._state, self._buses = device, config, state, buses
        self._job: Job | None = None

    async def collect(self, ctx: Context) -> Columns:
        job = self._job_for(ctx)
        before = job.version
        try:
            return await job.run(ctx.remaining())
        finally:
            if job.version != before:
                store(self._state, job)

    async def test(self, ctx: Context) -> str:
        job = self._job_for(ctx)
        first = job.readers[0]
        turn = await first.turn(first.program)
        if not turn.answered:
            raise DeviceUnreachable(f"{job.way.line.name}, unit {first.unit.number}: {turn.error}")
        got = len(turn.values) - turn.values.count(None)
        return (
            f"unit {first.unit.number} at {job.way.line.name} answered {turn.requests} requests;"
            f" {got} of {len(self._config.map.fields)} fields have a value"
        )

    async def close(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.leave()

    def _job_for(self, ctx: Context) -> Job:
        """For runs of this length: what a device may take fits into it."""
        before = self._job
        if before is not None and before.seconds == ctx.timeout:
            return before
        job = self._job = Job(self._device, self._config, ctx.timeout, self._buses)
        if before is not None:  # the bus stays open
            before.leave()
        recall(self._state, job)
        return job
