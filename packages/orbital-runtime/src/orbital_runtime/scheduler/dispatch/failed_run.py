"""The result of a run that raised instead of returning one."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from orbital_runtime.model import Run, Status

if TYPE_CHECKING:
    from orbital_runtime.model import Task

log = logging.getLogger("orbital.scheduler")


def broken_run(task: Task, error: BaseException, now: int, *, stopped: bool) -> Run:
    """A failed run.

    Args:
        task: What ran.
        error: What it raised.
        now: Milliseconds UTC.
        stopped: Whether the scheduler stops, and cancels what still runs.
    """
    if stopped and isinstance(error, asyncio.CancelledError):
        return _run(now, "Cancelled", "the agent stopped before it was done")
    log.error("task %s: the run failed by a bug of the agent", task.id, exc_info=error)
    return _run(
        now, "Bug", f"the run failed by a bug of the agent: {type(error).__name__}: {error}"
    )


def _run(now: int, kind: str, error: str) -> Run:
    return Run(
        Status.FAILED,
        up=False,
        started_ms=now,
        duration=0.0,
        samples=0,
        error=error,
        error_kind=kind,
    )
