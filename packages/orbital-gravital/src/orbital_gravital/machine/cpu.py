"""CPU usage of this machine between two calls.

`psutil.cpu_percent` keeps its last reading for each thread: on another thread it would return 0.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK: Final = 0.2
"""Seconds that the first call measures; each later one covers the time since the previous."""
TWICE: Final = ("guest", "guest_nice")
"""Times that Linux counts in `user` and `nice` as well."""
IDLE: Final = ("idle", "iowait")


class Cpu:
    """Measures all processors together.

    Args:
        times: Gives CPU times since boot, in seconds, by kind.
        sleep: Waits.
    """

    def __init__(
        self,
        times: Callable[[], Any] = psutil.cpu_times,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._times = times
        self._sleep = sleep
        self._before: dict[str, float] | None = None

    def percent(self) -> float:
        """Usage from 0 to 100. The first call blocks for `LOOK` seconds."""
        before = self._before
        if before is None:
            before = self._look()
            self._sleep(LOOK)
        now = self._before = self._look()
        spent = {name: max(0.0, now[name] - before[name]) for name in now if name not in TWICE}
        total, idle = sum(spent.values()), sum(spent.get(name, 0.0) for name in IDLE)
        return round(100 * (total - idle) / total, 1) if total else 0.0

    def _look(self) -> dict[str, float]:
        return self._times()._asdict()
