"""Backoff: a task runs at every nth tick while its device does not answer. Runs keep their phase."""

from __future__ import annotations

from typing import Final

UNREACHABLE: Final = frozenset({"DeviceUnreachable", "Timeout"})
"""Kinds of errors that count for backoff: the device did not answer."""


def while_down(failures: int, interval: float, longest: float) -> int:
    """Run every nth tick after so many consecutive runs that the device did not answer.

    After the second one the rate is halved each time, until runs are `longest` seconds apart. A task with a
    longer interval keeps it.
    """
    if failures <= 1:
        return 1
    most = max(1, int(longest / interval))
    return min(1 << min(failures - 1, 30), most)
