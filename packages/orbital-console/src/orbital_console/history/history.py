"""The whole history of an agent."""

from __future__ import annotations

from orbital_console.history.runs import RunHistory
from orbital_console.history.values import ValueHistory


class History:
    """Runs and values. It begins empty.

    Args:
        memory: Bytes at most, half for runs and half for values.
    """

    def __init__(self, memory: int) -> None:
        self.begin(memory)

    def begin(self, memory: int) -> None:
        """Forget everything, and use this much memory from now on."""
        self.runs = RunHistory(memory // 2)
        self.values = ValueHistory(memory // 2)
