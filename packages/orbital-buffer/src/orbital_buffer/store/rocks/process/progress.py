"""Detects whether a process that does not answer waits for its disk, or is in an endless loop."""

from __future__ import annotations

import os
from pathlib import Path


class Progress:
    """CPU time of a process since its last read or write. Linux only.

    Args:
        pid: Id of the process.
    """

    def __init__(self, pid: int) -> None:
        self._folder = Path("/proc") / str(pid)
        self._calls = -1
        self._since = 0.0

    def wasted(self) -> float:
        """Seconds of CPU since the last progress that was observed."""
        try:
            calls, cpu = self._system_calls(), self._cpu()
        except (OSError, ValueError, IndexError):
            return 0.0
        if calls != self._calls:
            self._calls, self._since = calls, cpu
        return cpu - self._since

    def _system_calls(self) -> int:
        """Number of read and write calls (proc(5), `io`)."""
        lines = dict(line.split(": ") for line in (self._folder / "io").read_text().splitlines())
        return int(lines["syscr"]) + int(lines["syscw"])

    def _cpu(self) -> float:
        """CPU time of user and system (proc(5), `stat`); the name in the second field may contain blanks."""
        fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
