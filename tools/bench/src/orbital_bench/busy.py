"""A plugin whose collection is nothing but work for the CPU, or the end of its process."""

from __future__ import annotations

import os
import signal
import time
from typing import Annotated

from pydantic import Field

from orbital_sdk import Context, DeviceFields, Metric, Plugin, PluginConfig, Sample


class BusyDevice(DeviceFields):
    host: Annotated[str, Field(description="Name of the made-up device")]
    cpu: Annotated[float, Field(ge=0, description="Seconds of CPU of a collection")] = 0.02
    crash: Annotated[bool, Field(description="Whether the process ends instead")] = False


class Busy(Plugin[BusyDevice, PluginConfig]):
    """Counts as long as it was told to."""

    name = "bench_busy"
    summary = "Work for the CPU, for benchmarks"

    turns = Metric("bench_busy_turns", "Turns of the loop")

    async def collect(self, device: BusyDevice, ctx: Context) -> list[Sample]:
        del ctx
        if device.crash:
            os.kill(os.getpid(), signal.SIGKILL)
        end, turns = time.thread_time() + device.cpu, 0
        while time.thread_time() < end:
            turns += 1
        return [self.turns(float(turns))]
