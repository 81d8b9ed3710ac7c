"""The state of each device: a device is up if the last run of any of its tasks reached it.

Only the current state is sent, never an old one, so a backlog cannot revert a device. Core regards a device
as lost after five minutes without news, so the states of devices with slow tasks are repeated before that.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from orbital_gravital.devices.sending import send_all
from orbital_gravital.errors import CoreError
from orbital_runtime.slices import in_slices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_gravital.identity.line import Line
    from orbital_runtime.clock import Clock
    from orbital_runtime.model import Run, Task

log = logging.getLogger("orbital.core")

EVERY: Final = 20.0
"""Seconds between two checks for states that are due again."""
GATHER: Final = 1.0
"""Seconds that a change waits for others, at most."""
REPEAT: Final = 180.0
"""Seconds after which an unchanged state is sent again."""
STALE: Final = 3.0
"""Intervals without a run after which a task no longer counts for its device."""
AT_ONCE: Final = 1000
"""Maximum states in one request."""


@dataclass(slots=True)
class _Device:
    up: dict[str, tuple[bool, float]] = field(default_factory=dict[str, tuple[bool, float]])
    """By task: whether it reached the device, and until when that is valid (monotonic seconds)."""
    labels: dict[str, str] = field(default_factory=dict[str, str])
    fresh: bool = True
    """Whether there is a change that was not sent."""
    sent: float = float("-inf")


class DeviceStates:
    """The states of the devices of all tasks.

    Args:
        line: The connection to Core.
        clock: For repetitions and timestamps.
        device_type: Gives the type of a task's device.
        gather: Seconds that a change waits for others.
    """

    def __init__(
        self,
        line: Line,
        clock: Clock,
        device_type: Callable[[Task], str],
        *,
        gather: float = GATHER,
    ) -> None:
        self._line = line
        self._clock = clock
        self._device_type = device_type
        self._gather = min(gather, GATHER)
        self._devices: dict[str, _Device] = {}
        self._changed = asyncio.Event()

    def ran(self, task: Task, run: Run) -> None:
        """A run ended."""
        device = self._devices.setdefault(task.device_id, _Device())
        until = self._clock.steady() + STALE * task.interval + REPEAT
        device.up[task.key] = run.up, until
        device.fresh = True
        self._changed.set()
        if not device.labels or task.key == min(
            device.up
        ):  # of one task, so that it stays one series
            device.labels = {
                "device_id": task.device_id,
                "device_type": self._device_type(task),
                "task_id": task.id,
                "plugin": task.plugin,
            }

    def inherit(self, older: DeviceStates) -> None:
        """Take over the states of another instance, and send all: a slow task may not run for long."""
        self._devices = older._devices
        for device in self._devices.values():
            device.fresh = True
        self._changed.set()

    async def keep(self, tasks: Mapping[str, str]) -> None:
        """Forget the results of other tasks, and devices without tasks.

        Args:
            tasks: The device of each task, by the task's key.
        """
        async for name, device in in_slices(list(self._devices.items())):
            for gone in [key for key in device.up if tasks.get(key) != name]:
                del device.up[gone]
            if not device.up:
                self._devices.pop(name, None)

    async def run(self) -> None:
        """Send until cancelled."""
        failures = 0
        while True:
            try:
                await self.send_due()
            except CoreError as error:
                failures += 1
                log.log(
                    logging.DEBUG if failures > 1 else logging.WARNING,
                    "states of devices wait for Core: %s", error,
                )  # fmt: skip
                await self._line.pause(failures, error)
            else:
                failures = 0
                await self._wait_for_change()

    async def _wait_for_change(self) -> None:
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY):
                await self._changed.wait()
        await asyncio.sleep(self._gather)

    async def send_due(self) -> None:
        """Send every state that changed or is due again.

        Raises:
            CoreError: A call failed; what it had is sent again later.
        """
        for device, error in await send_all(self._send, await self._due(), AT_ONCE):
            log.warning("Core refuses the state of %s: %s", device.labels["device_id"], error)
            device.fresh, device.sent = False, self._clock.steady()

    async def _send(self, some: Sequence[_Device]) -> None:
        devices = [device for device in some if device.up]  # tasks may have been removed meanwhile
        if not devices:
            return
        for device in devices:
            device.fresh = False
        try:
            body = {"metrics": [*map(self._metric, devices)]}
            await self._line.call("POST", "/data/ingest", body)
        except CoreError:
            for device in devices:
                device.fresh = True
            raise
        for device in devices:
            device.sent = self._clock.steady()

    async def _due(self) -> list[_Device]:
        now = self._clock.steady()
        everyone = in_slices(list(self._devices.values()))
        return [device async for device in everyone if self._is_due(device, now)]

    def _is_due(self, device: _Device, now: float) -> bool:
        for key, (_, until) in list(device.up.items()):
            if until < now:
                del device.up[key]
        return bool(device.up) and (device.fresh or now - device.sent >= REPEAT)

    def _metric(self, device: _Device) -> dict[str, Any]:
        return {
            "name": "device_status",
            "value": int(any(up for up, _ in device.up.values())),
            "type": "gauge",
            "timestamp": self._clock.utc_ms() // 1000,
            "labels": device.labels,
        }
