"""Formats the answers of a running agent as text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from orbital_sdk.units import format_duration
from orbital_sentinel.terminal.output import pair, say, sentence
from orbital_sentinel.terminal.table import table
from orbital_sentinel.terminal.wording import ago, counts, span

if TYPE_CHECKING:
    from orbital_runtime.extensions import Extension

View = dict[str, Any]
LEDGER: Final = ("accepted", "delivered", "waiting", "dead_lettered")


def status(told: View) -> None:
    """Print state, tasks, buffer, outputs with their ledgers, and problems."""
    who, tasks, buffer = told["sentinel"], told["tasks"], told["buffer"]
    ready = "ready" if told["ready"] else "not ready"
    pairs = {
        "sentinel": f"{who['name']} ({who['id']})"
        + (f", {who['region']}" if who["region"] else ""),
        "state": f"{told['state']}, {ready}",
        "version": told["version"],
        "uptime": span(told["uptime"]),
        "configuration": _configuration(told),
        "tasks": f"{tasks['total']} ({counts(tasks['by_status']) or 'none'})",
        "runs": f"{tasks['runs']}: {tasks['success']} ok, {tasks['failed']} failed, {tasks['missed']} missed",
        **_extensions(told),
        "buffer": f"{buffer['samples']} samples, {buffer['fill']:.0%} full",
    }
    for name, value in pairs.items():
        if value:
            pair(name, value)
    _outputs(told["outputs"])
    for reason in told["reasons"]:
        sign, style = ("!", "red") if reason["blocks"] else ("-", "yellow")
        sentence(f"{sign} {reason['message']}", style, indent=2)
    for note in told["notes"]:
        sentence(f"note: {note}", indent=2)


def _configuration(told: View) -> str:
    path = told["configuration"] or "built-in"
    kept = told["last_good_ms"]
    return path if kept is None else f"the last good one of {path}, kept {ago(kept)}"


def _extensions(told: View) -> dict[str, str]:
    """A line for each extension that has a status."""
    from orbital_runtime.plugins.registry import Registry

    kinds: list[type[Extension]] = Registry.discover().extensions()
    return {kind.name: kind.summarize(told[kind.name]) for kind in kinds if told.get(kind.name)}


def _outputs(outputs: list[View]) -> None:
    if not outputs:
        return
    say()
    columns = (
        "output", "state", "accepted", "delivered", "waiting", "dead letters", "dropped", "address",
    )  # fmt: skip
    rows = [_output(one) for one in outputs]
    table(columns, rows, spare=("accepted", "dropped"), below=("address",))
    for one in outputs:
        if one.get("backlog"):
            left = one["backlog_seconds"]
            when = "" if left is None else f", about {span(left)} to go"
            behind = f"{one['backlog']} samples behind{when}"
            sentence(f"- output {one['name']} catches up: {behind}", indent=2)
        ledger: View = one["ledger"] or {}
        if letters := ledger.get("letters", 0):
            how = f"sentinel buffer dead-letters list --output {one['name']}"
            kept = f"{letters} samples that are kept"
            sentence(f"- output {one['name']} refused {kept}: `{how}`", indent=2)
    say()


def _output(one: View) -> tuple[object, ...]:
    ledger: View = one["ledger"] or dict.fromkeys(LEDGER, 0)
    dropped = counts(ledger.get("dropped", {})) or "0"
    address = one.get("address", "")
    return one["name"], output_state(one), *(ledger[name] for name in LEDGER), dropped, address


def output_state(one: View) -> str:
    """State and health of an output."""
    state = one["phase"]
    if state in ("waiting", "delivering"):
        state = "failing" if one["reason"] else "ok" if one["requests"] else "not tried yet"
    if one.get("breaker", "closed") != "closed":
        state = f"{state}, breaker {one['breaker']}"
    if until := one.get("until_ms"):
        state = f"{state}, again in {span(max(0.0, until / 1000 - time.time()))}"
    return state


def tasks(found: list[View]) -> None:
    """Print one line for each task."""
    columns = (
        "task",
        "plugin",
        "device",
        "every",
        "status",
        "runs",
        "last",
        "took",
        "samples",
        "error",
    )
    spare = ("took", "every", "plugin", "runs", "samples", "device")
    table(columns, [_task(task) for task in found], spare=spare, below=("error",))


def _task(task: View) -> tuple[object, ...]:
    state = "paused" if task["paused"] else task["status"]
    took = task["last_duration"]
    return (
        task["key"],
        task["plugin"],
        task["device_id"],
        "" if task["interval"] is None else format_duration(task["interval"]),
        state,
        task["runs"],
        ago(task["last_started"]),
        "" if took is None else f"{took:.3f}",
        task["last_samples"],
        task["paused"] or task["error"] or task["warning"],
    )
