"""Receivers of the running sentinel: a second one could not bind their address, so the sentinel runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_sdk import ConfigurationError
from orbital_sdk.calling.invoke import receives
from orbital_sdk.text import plural
from orbital_sentinel.client.client import NotRunning, Refused
from orbital_sentinel.client.runs import run_in_agent

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_runtime.model import Run, Task
    from orbital_runtime.plugins.registry import Registry


def trigger_receiver(task: Task, registry: Registry, config: Path | None) -> Run | None:
    """Trigger a receiver's task in the running sentinel, and return the run.

    Returns:
        None if the task should run here: it is not a receiver's, or no running sentinel has it.
    """
    try:
        if not receives(registry.plugin(task.plugin)):
            return None
        return run_in_agent(task, config)
    except (ConfigurationError, NotRunning, Refused):
        return None


def describe(run: Run) -> str:
    """The result of the run as text."""
    if not run.up:
        return f"the running sentinel does not receive: {run.error}"
    warning = f"; {run.error}" if run.error else ""
    came = plural(run.samples, "sample")
    return f"the running sentinel receives, {came} since its last look{warning}"
