"""A host for tests: what the agent gives at `start`, with everything to be looked at."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, TypeVar

from orbital_sdk.hosting.background import Background
from orbital_sdk.hosting.own_metrics import Counter, Gauge, OwnMetrics

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine, Sequence
    from pathlib import Path

T = TypeVar("T")


class FakeClock:
    """A clock that stands until it is turned. Begins with the present time."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._began = time.time(), time.monotonic()

    def utc_ms(self) -> int:
        """Milliseconds UTC."""
        return round((self._began[0] + self._seconds) * 1000)

    def monotonic(self) -> float:
        """Seconds."""
        return self._began[1] + self._seconds

    def advance(self, seconds: float) -> None:
        """Turn it."""
        self._seconds += seconds


class FakeHost:
    """As the agent's host.

    >>> host = FakeHost(tmp_path)
    >>> await plugin.start(host)
    >>> host.value("reconnects_total", "bus-1")
    >>> await host.close()      # as the agent does before `stop`
    >>> await plugin.stop()

    Args:
        folder: What the part gets as its folder.
        name: Of the logger.
    """

    def __init__(self, folder: Path | None = None, name: str = "orbital.fake") -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.log = logging.getLogger(name)
        self.metrics = OwnMetrics(self.log.warning)
        self._background = Background(self._died)
        self._problems: list[str] = []

    def counter(self, name: str, help: str, labels: Sequence[str] = ()) -> Counter:  # noqa: A002 (as in the contract)
        return self.metrics.counter(name, help, labels)

    def gauge(self, name: str, help: str, labels: Sequence[str] = ()) -> Gauge:  # noqa: A002 (as above)
        return self.metrics.gauge(name, help, labels)

    def spawn(self, work: Coroutine[Any, Any, T], name: str = "") -> asyncio.Task[T]:
        return self._background.spawn(work, name)

    def value(self, name: str, *labels: str) -> float:
        """What an own metric says, for these values of its labels.

        Raises:
            AssertionError: There is none; the message lists those that are there.
        """
        found = {
            (family.name, key): value
            for family in self.metrics.families()
            for key, value in family.values.items()
        }
        if (name, labels) not in found:
            there = "\n  ".join(f"{one} {list(key)} = {v}" for (one, key), v in found.items())
            raise AssertionError(f"no own metric {name} {list(labels)}; there is:\n  {there}")
        return found[name, labels]

    async def close(self, within: float = 1.0) -> None:
        """End the background tasks, as the agent does before `stop`. Safe twice.

        Raises:
            AssertionError: One died of an error, or has not ended so many seconds after it was cancelled.
        """
        late = await self._background.close(within)
        self._problems += [
            f"the background task {task.get_name()!r} still runs {within:g} s after it was cancelled;"
            " let CancelledError pass"
            for task in late
        ]
        problems, self._problems = self._problems, []
        if problems:
            raise AssertionError("; ".join(problems))

    def _died(self, task: asyncio.Task[Any], error: BaseException) -> None:
        self._problems.append(f"the background task {task.get_name()!r} died of {error!r}")
