"""The host of one started part: its metrics, background tasks and folder, released at its stop."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from orbital_runtime.guard.calls.within import leave
from orbital_runtime.guard.calls.work import Work
from orbital_runtime.guard.escape import origin
from orbital_sdk.hosting.background import Background

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from pathlib import Path

    from orbital_runtime.clock import Clock
    from orbital_runtime.hosting.part import Part
    from orbital_sdk import Counter, Gauge

T = TypeVar("T")

GRACE: Final = 5.0
"""Seconds that background tasks have to end: the same as for a session's `close`."""


class HostClock:
    """Implements `orbital_sdk.Clock`."""

    def __init__(self, clock: Clock) -> None:
        self.utc_ms = clock.utc_ms
        self.monotonic = time.monotonic


class Host:
    """Implements `orbital_sdk.PluginHost`.

    Args:
        part: The part that it belongs to.
        folder: Gives the part's folder, created on demand.
        clock: For timestamps.
        labels: Labels that the host adds to the part's own metrics.
    """

    def __init__(
        self,
        part: Part,
        *,
        folder: Callable[[], Path | None],
        clock: Clock,
        labels: Mapping[str, str],
    ) -> None:
        self._part = part
        self._folder = folder
        self._labels, self._fixed = tuple(labels), tuple(labels.values())
        self._gauges: dict[str, Gauge] = {}
        self._background = Background(self._died, self._guarded)
        self.log = logging.getLogger(f"orbital.{part.kind}.{part.name}")
        self.clock = HostClock(clock)

    @property
    def folder(self) -> Path | None:
        return self._folder()

    def counter(self, name: str, help: str, labels: Sequence[str] = ()) -> Counter:  # noqa: A002 (as in the contract)
        return self._part.metrics.counter(name, help, (*self._labels, *labels), self._fixed)

    def gauge(self, name: str, help: str, labels: Sequence[str] = ()) -> Gauge:  # noqa: A002 (as above)
        made = self._part.metrics.gauge(name, help, (*self._labels, *labels), self._fixed)
        return self._gauges.setdefault(name, made)

    def spawn(self, work: Coroutine[Any, Any, T], name: str = "") -> asyncio.Task[T]:
        return self._background.spawn(work, name)

    async def close(self, seconds: float = GRACE) -> None:
        """Called before `stop`: end the background tasks, and remove the gauges. Idempotent.

        Tasks that do not end in time are abandoned.
        """
        for task in await self._background.close(seconds):
            self._part.left(task, seconds)
            leave(task)
        for gauge in self._gauges.values():
            gauge.close()

    async def _guarded(self, work: Coroutine[Any, Any, T]) -> T:
        return await Work(work, self._part.name, kind=self._part.kind)

    def _died(self, task: asyncio.Task[Any], error: BaseException) -> None:
        self._part.died(task, origin(error))
