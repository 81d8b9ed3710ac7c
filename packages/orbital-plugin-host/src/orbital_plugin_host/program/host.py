"""What a plugin is started with in its process. Implements `orbital_sdk.PluginHost`."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, TypeVar

from orbital_sdk.hosting.background import Background
from orbital_sdk.hosting.own_metrics import Counter, Gauge, OwnMetrics
from orbital_sdk.wire.answers import Counts, Family

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine, Sequence
    from pathlib import Path

T = TypeVar("T")

TOLD_EVERY = 1.0
"""Seconds between two looks at own metrics, at least."""


class SystemClock:
    """The time."""

    monotonic = staticmethod(time.monotonic)

    @staticmethod
    def utc_ms() -> int:
        return time.time_ns() // 1_000_000


class ProgramHost:
    """Belongs to one instance.

    Args:
        name: Of the plugin.
        folder: Of its own, if any.
    """

    def __init__(self, name: str, folder: Path | None) -> None:
        self.log = logging.getLogger(f"orbital.plugin.{name}")
        self.folder = folder
        self.clock = SystemClock()
        self._metrics = OwnMetrics(self.log.warning)
        self._background = Background(self._died)
        self._told: list[Family] = []
        self._looked = 0.0

    def counter(self, name: str, help: str, labels: Sequence[str] = ()) -> Counter:  # noqa: A002 (as in the contract)
        return self._metrics.counter(name, help, labels)

    def gauge(self, name: str, help: str, labels: Sequence[str] = ()) -> Gauge:  # noqa: A002 (as above)
        return self._metrics.gauge(name, help, labels)

    def spawn(self, work: Coroutine[Any, Any, T], name: str = "") -> asyncio.Task[T]:
        return self._background.spawn(work, name)

    async def close(self, seconds: float) -> None:
        """End the background tasks."""
        for task in await self._background.close(seconds):
            self.log.error(
                "the background task %r did not end within %g s", task.get_name(), seconds
            )

    def news(self, instance: int, *, now: bool = False) -> Counts | None:
        """Own metrics that changed since they were told; None for none, and where that was just now."""
        if not now and time.monotonic() - self._looked < TOLD_EVERY:
            return None
        self._looked = time.monotonic()
        families = [
            Family(one.kind, one.name, one.help, one.labels, tuple(one.values.items()))
            for one in self._metrics.families()
        ]
        changed = tuple([one for one in families if one not in self._told])
        self._told = families
        return Counts(instance, changed) if changed else None

    def _died(self, task: asyncio.Task[Any], error: BaseException) -> None:
        self.log.error("the background task %r died", task.get_name(), exc_info=error)
