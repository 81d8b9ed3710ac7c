"""Explains a task from its view in the API and its history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orbital_console.explain.advice import for_task
from orbital_console.explain.explanation import Cause, Explanation
from orbital_sdk.text import plural
from orbital_sdk.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_console.explain.explanation import State
    from orbital_console.history.runs import Attempt, TaskHistory

View = dict[str, Any]


def explain(task: View, history: TaskHistory, metadata: Mapping[str, Any]) -> Explanation:
    """Explain one task.

    Args:
        task: As in `/api/v1/tasks`.
        history: Its runs, none after a start of the agent.
        metadata: Of its plugin.
    """
    now = state(task)
    first = history.failing if now in ("failing", "paused") else history.troubled
    cause = None if now in ("ok", "waiting") else _cause(task, first)
    newest = _newest(task)
    present = _present(cause, newest)
    next_at, next_why = _next(task, now)
    return Explanation(
        subject=f"task {task['key']}",
        state=now,
        summary=_summary(task, now, present),
        since=first.at if first else None,
        cause=cause,
        last=newest if cause and newest and newest.error != cause.error else None,
        next_at=next_at,
        next_why=next_why,
        left_out={k: v for k, v in {"missed": task["missed"], **task["skipped"]}.items() if v},
        advice=_advice(task, present, metadata) if present else (),
        runs=tuple(history.runs),
        device=task["device_id"],
        plugin=task["plugin"],
        asked=_asked(task),
        asked_at=task["last_started"],
        answered=_answered(task),
        dropped=task["left_out"],
    )


def state(task: View) -> State:
    """The state of a task; while it runs, that of its last run."""
    if task["status"] == "unusable":
        return "unusable"
    if task["paused"]:
        return "paused"
    if task["failures_in_a_row"]:
        return "failing"
    if not task["runs"]:
        return "waiting"
    return "partial" if task["error"] else "ok"


def _cause(task: View, first: Attempt | None) -> Cause | None:
    if first is not None:
        return Cause(first.error, first.kind, first.at)
    return _newest(task)


def _newest(task: View) -> Cause | None:
    error = task["error"] or task["paused"]
    return Cause(error, task["error_kind"], task["last_started"]) if error else None


def _present(cause: Cause | None, newest: Cause | None) -> Cause | None:
    """What is wrong now: the first error, as those of its kind repeat it, or a newer one of another kind."""
    if cause and newest and newest.kind != cause.kind:
        return newest
    return cause


def _summary(task: View, now: State, present: Cause | None) -> str:
    why = present.error if present else ""
    match now:
        case "ok":
            gave = plural(task["last_samples"], "sample")
            return f"the last run gave {gave} in {task['last_duration']:.3f} s"
        case "waiting":
            return "it has not run yet"
        case "partial":
            return f"a part of it is not collected: {why}"
        case "unusable":
            return f"it cannot run here: {why}"
        case "paused":
            return f"it is paused, and tried again slowly: {why}"
        case "failing":
            runs = task["failures_in_a_row"]
            return f"{'the last run' if runs == 1 else f'the last {runs} runs'} failed: {why}"


def _next(task: View, now: State) -> tuple[int | None, str]:
    if now == "paused":
        return task[
            "next_look"
        ], "collector.pause_retry: a refused login is not repeated at every tick"
    if now == "failing" and task["skipped"].get("backoff"):
        return task["next_run"], "its next tick; ticks are passed over while the device is down"
    return task["next_run"], "its next tick"


def _asked(task: View) -> str:
    return (
        f"{task['target'] or task['device_id']} by plugin {task['plugin']}" if task["runs"] else ""
    )


def _answered(task: View) -> str:
    if not task["runs"] or task["last_duration"] is None:
        return ""
    took = f"{task['last_duration']:.3f} s"
    if not task["up"]:
        return f"nothing that can be used, after {took}: {task['error']}"
    return f"{plural(task['last_samples'], 'sample')} after {took}"


def _advice(task: View, present: Cause, metadata: Mapping[str, Any]) -> tuple[str, ...]:
    timeout = "" if task["timeout"] is None else format_duration(task["timeout"])
    names = {"task": task["key"], "target": task["target"] or task["device_id"], "timeout": timeout}
    return for_task(present.kind, metadata, **names)
