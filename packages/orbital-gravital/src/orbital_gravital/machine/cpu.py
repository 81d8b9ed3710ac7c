"""How busy this machine's processors are, from one look to the next.

`psutil.cpu_percent` remembers its last look for each thread apart: on another thread it would say 0.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK: Final = 0.2
"""Seconds that the first look takes; each later one covers all since the last."""
TWICE: Final = ("guest", "guest_nice")
"""Linux counts these as `user` and `nice`, too."""
IDLE: Final = ("idle", "iowait")


class Cpu:
    """Looks at all processors together.

    Args:
        times: What they did since they were switched on, in seconds, by kind.
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
        """0 to 100. Blocks, the first time."""
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
