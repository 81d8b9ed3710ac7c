"""Kills what a program started, wherever that went.

The launcher makes each program the reaper of what it starts: a process that called `setsid` and whose parent
ended is still below it. When a program ends by itself, others get these; then they are found by the variable
that names its private folder, which they inherited.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orbital_plugin_host.handshake import MARK

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST: Final = 2.0
"""Seconds until processes are given up that start others faster than they are killed."""
_ENDED: Final = "ZX"
"""States of processes that have ended."""


def kill_descendants(folder: Path, program: int = 0) -> None:
    """Kill all processes that a program left. Blocks for as long as that takes, up to `MOST`.

    Args:
        folder: Its private folder.
        program: Its process id while it runs. It is stopped, and not killed: it has to keep its children.
    """
    if program:
        _signal(program, signal.SIGSTOP)
    end = time.monotonic() + MOST
    while (left := _left(folder, program)) and time.monotonic() < end:
        for one in left:
            _signal(one, signal.SIGKILL)


def _left(folder: Path, program: int) -> list[int]:
    mark, parents = f"{MARK}={folder}\0".encode(), _parents()
    return [
        one
        for one in parents
        if one != program and (_is_below(one, program, parents) or _has(one, mark))
    ]


def _is_below(one: int, program: int, parents: Mapping[int, int]) -> bool:
    for _ in parents:  # numbers are used again: there may be a circle
        one = parents.get(one, 0)
        if one in (program, 0):
            break
    return one == program != 0


def _parents() -> dict[int, int]:
    """Of all processes that run here."""
    found: dict[int, int] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            state, parent, *_ = (process / "stat").read_text().rpartition(")")[2].split()
            if state not in _ENDED:
                found[int(process.name)] = int(parent)
    return found


def _has(process: int, mark: bytes) -> bool:
    with suppress(OSError):  # it has ended, or belongs to somebody else
        return mark in Path(f"/proc/{process}/environ").read_bytes()
    return False


def _signal(process: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(process, number)
