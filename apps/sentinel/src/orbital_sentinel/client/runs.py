"""Runs of tasks in the running sentinel, which delivers their samples."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from orbital_runtime.model import Run, Status
from orbital_sdk.text import plural
from orbital_sentinel.client.locate import client

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_runtime.model import Task

PATIENCE = 5.0
"""Seconds for its answer, in addition to the run's timeout."""


def run_in_agent(task: Task, config: Path | None) -> Run:
    """Have the running sentinel run a task at once, also a paused one, and wait for it.

    Raises:
        NotRunning, Refused
    """
    agent = client(config, timeout=task.timeout + PATIENCE)
    told = agent.post(f"/api/v1/tasks/{quote(task.key)}/run")
    return Run(**told | {"status": Status(told["status"])})


def describe(run: Run) -> str:
    """The result of the run as text."""
    how = f"{plural(run.samples, 'sample')} in {run.duration:.3f} s"
    return f"the running sentinel collected {how}{f'; {run.error}' if run.error else ''}"
