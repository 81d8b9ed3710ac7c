"""Receivers of the running sentinel: a second one could not bind their address, so the sentinel runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from orbital_runtime.model import Run, Status
from orbital_sdk import ConfigurationError
from orbital_sdk.calling.invoke import receives
from orbital_sdk.text import plural
from orbital_sentinel.client.client import NotRunning, Refused
from orbital_sentinel.client.locate import client

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_runtime.model import Task
    from orbital_runtime.plugins.registry import Registry

PATIENCE = 5.0
"""Seconds for its answer, in addition to the run's timeout."""


def trigger_receiver(task: Task, registry: Registry, config: Path | None) -> Run | None:
    """Trigger a receiver's task in the running sentinel, and return the run.

    Returns:
        None if the task should run here: it is not a receiver's, or no running sentinel has it.
    """
    try:
        if not receives(registry.plugin(task.plugin)):
            return None
        agent = client(config, timeout=task.timeout + PATIENCE)
        told = agent.post(f"/api/v1/tasks/{quote(task.key)}/run")
    except (ConfigurationError, NotRunning, Refused):
        return None
    return Run(**told | {"status": Status(told["status"])})


def describe(run: Run) -> str:
    """The result of the run as text."""
    if not run.up:
        return f"the running sentinel does not receive: {run.error}"
    warning = f"; {run.error}" if run.error else ""
    came = plural(run.samples, "sample")
    return f"the running sentinel receives, {came} since its last look{warning}"
