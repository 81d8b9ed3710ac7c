"""The whole history of an agent."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from orbital_console.history.flow import Flow
from orbital_console.history.log import LogTail
from orbital_console.history.outputs import OutputHistory
from orbital_console.history.runs import RunHistory
from orbital_console.history.values import ValueHistory

if TYPE_CHECKING:
    from orbital_runtime.reload import Reload

RELOADS: Final = 50
"""Reloads kept."""
LINES: Final = 20
"""Changes and problems kept of a reload."""


class History:
    """Runs and values, outputs, reloads, and the log. It begins empty.

    Args:
        memory: Bytes at most: 8/16 for runs, 6/16 for values, 1/16 for outputs and for the log each.
    """

    def __init__(self, memory: int) -> None:
        self.begin(memory)

    def begin(self, memory: int) -> None:
        """Forget everything, and use this much memory from now on."""
        part = memory // 16
        self.runs = RunHistory(8 * part)
        self.values = ValueHistory(6 * part)
        self.outputs = OutputHistory(part)
        self.log = LogTail(part)
        self.flow = Flow()
        self.reloads: deque[Reload] = deque(maxlen=RELOADS)
        """The oldest first."""
