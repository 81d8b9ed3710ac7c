"""What a run counts as that did not end as runs do: a stop is nobody's fault, and hides nobody's."""

from __future__ import annotations

import asyncio

import pytest

from orbital_runtime.model import Status, Task
from orbital_runtime.scheduler.dispatch.failed_run import broken_run
from orbital_sdk import DeviceFields, PluginConfig

TASK = Task("t", "d", "ping", DeviceFields(), PluginConfig(), 10, 5)


def test_a_stop_ends_runs_without_a_word(caplog) -> None:
    """A run that the stop cancels is failed as cancelled, and no error of the log."""
    run = broken_run(TASK, asyncio.CancelledError(), 7, stopped=True)
    assert (run.status, run.up, run.started_ms, run.error_kind) == (
        Status.FAILED, False, 7, "Cancelled",
    )  # fmt: skip
    assert "the agent stopped" in run.error
    assert caplog.records == []


@pytest.mark.parametrize(
    ("error", "stopped"),
    [(asyncio.CancelledError(), False), (ZeroDivisionError("odd"), True), (SystemExit(3), False)],
)
def test_anything_else_is_a_defect_and_said(caplog, error, stopped) -> None:
    """A cancellation that nobody asked for, and any other error also while the agent stops: told with its
    traceback and the task.
    """
    run = broken_run(TASK, error, 7, stopped=stopped)
    assert run.error_kind == "Bug"
    assert type(error).__name__ in run.error
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert "task t" in record.getMessage()
    assert record.exc_info[1] is error
