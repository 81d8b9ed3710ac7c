"""Processes: whether one runs; groups that are killed when we are gone, and known to stand still."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def guard(group: int) -> subprocess.Popen[bytes]:
    """A shell that kills a process group when we are gone: its input ends with us, however we end."""
    return subprocess.Popen(
        ["/bin/sh", "-c", 'read -r _; kill -s KILL -- "-$1" 2>/dev/null', "guardian", str(group)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def is_running(pid: int) -> bool:
    """Whether a process is there; one that has ended and that nobody reaps, as in a container, is not."""
    try:
        return _stat(Path(f"/proc/{pid}"))[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_stopped(group: int) -> bool:
    """Whether every thread of a process group stands still. A signal takes a moment to reach them all."""
    return all(state in "TtZX" for state in _states(group))


def _states(group: int) -> Iterator[str]:
    """Linux' one-letter states (proc_pid_stat(5))."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if _stat(process)[2] == str(group):
                for thread in (process / "task").iterdir():
                    yield _stat(thread)[0]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked


def _stat(folder: Path) -> list[str]:
    """State, parent, group and so on: what follows the name, which may hold anything."""
    return (folder / "stat").read_text("ascii", errors="replace").rpartition(")")[2].split()
