"""For tests of whatever schedules or runs tasks: tasks and runs with good defaults, and a stand-in for the
engine.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from orbital_runtime.model import Run, Status, Task
from orbital_sdk import DeviceFields, PluginConfig

if TYPE_CHECKING:
    from collections.abc import Callable


class Device(DeviceFields):
    """A device with an address."""

    host: str = "device.test"
    port: int | None = None


def make_task(name: str = "t", **changes: Any) -> Task:
    """A task of plugin `fake` that runs every 10 s, with these changes."""
    fields: dict[str, Any] = {
        "id": name,
        "device_id": f"device-{name}",
        "plugin": "fake",
        "device": Device(),
        "config": PluginConfig(),
        "interval": 10.0,
        "timeout": 5.0,
    }
    return Task(**(fields | changes))


def good_run(**changes: Any) -> Run:
    """A run that went well, with these changes."""
    fields: dict[str, Any] = {
        "status": Status.SUCCESS,
        "up": True,
        "started_ms": 0,
        "duration": 0.01,
        "samples": 3,
    }
    return Run(**(fields | changes))


def failed_run(kind: str = "DeviceUnreachable", **changes: Any) -> Run:
    """A run that failed in this way, with these changes."""
    fields: dict[str, Any] = {
        "status": Status.FAILED,
        "up": False,
        "samples": 0,
        "error": "it failed",
        "error_kind": kind,
    }
    return good_run(**(fields | changes))


class Runs:
    """Stands in for the engine: remembers what runs, and ends it at once or when it is told to.

    Raises an AssertionError inside of a run that overlaps another one of its task.
    """

    def __init__(self) -> None:
        self.started: list[str] = []
        self.cancelled: list[str] = []
        self.most_at_once = 0
        self.hold = False
        """Whether runs wait for `end`."""
        self.release_early = False
        """Whether runs hand their slot back as soon as they begin."""
        self.give: Callable[[Task], Run] = lambda task: good_run()  # noqa: ARG005 (others look at it)
        self.gates: dict[str, asyncio.Future[Run]] = {}
        """What runs and waits, by key."""
        self._running: Counter[str] = Counter()
        self._changed = asyncio.Event()

    async def __call__(self, task: Task, released: Callable[[], None]) -> Run:
        self._begin(task)
        try:
            if self.release_early:
                released()
            if not self.hold:
                return self.give(task)
            self.gates[task.key] = asyncio.get_running_loop().create_future()
            self._changed.set()
            return await self.gates[task.key]
        except asyncio.CancelledError:
            self.cancelled.append(task.key)
            raise
        finally:
            self._running[task.key] -= 1
            self._changed.set()

    def _begin(self, task: Task) -> None:
        self.started.append(task.key)
        self._running[task.key] += 1
        self.most_at_once = max(self.most_at_once, self._running.total())
        if self._running[task.key] > 1:
            raise AssertionError(f"{task.key} overlaps itself")

    def end(self, key: str, run: Run | None = None) -> None:
        """End the run that waits."""
        self.gates.pop(key).set_result(run or good_run())

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when the condition holds; it is looked at whenever a run starts, waits or ends."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()


async def settle() -> None:
    """Let everything run that can run now."""
    for _ in range(20):
        await asyncio.sleep(0)
