"""Formats the answers of a running agent as text."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Final

from orbital_sdk.units import format_duration
from orbital_sentinel.terminal.output import on_terminal, say, table

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        "configuration": told["configuration"] or "built-in",
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
        say(f"{'! ' if reason['blocks'] else '- '}{reason['message']}")
    for note in told["notes"]:
        say(f"note: {note}")


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
    table(columns, [_output(one) for one in outputs])
    for one in outputs:
        if one.get("backlog"):
            left = one["backlog_seconds"]
            when = "" if left is None else f", about {span(left)} to go"
            say(f"- output {one['name']} catches up: {one['backlog']} samples behind{when}")
        ledger: View = one["ledger"] or {}
        if letters := ledger.get("letters", 0):
            how = f"sentinel buffer dead-letters list --output {one['name']}"
            say(f"- output {one['name']} refused {letters} samples that are kept: `{how}`")
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
    table(columns, [_task(task) for task in found])


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


def span(seconds: float) -> str:
    """A duration in its two largest units: `3d4h`, `5m12s`."""
    text = format_duration(int(seconds))
    parts: list[str] = []
    for letter in text:
        if not parts or parts[-1][-1].isalpha():
            parts.append("")
        parts[-1] += letter
    return "".join(parts[:2])


def ago(ms: int | None) -> str:
    """The time since `ms` (milliseconds UTC)."""
    return "" if ms is None else f"{span(max(0.0, time.time() - ms / 1000))} ago"


def counts(counted: Mapping[str, int]) -> str:
    """Counts that are not zero: `12 full, 3 age`."""
    return ", ".join(f"{count} {name}" for name, count in counted.items() if count)


def pair(name: str, value: str) -> None:
    """Print a name and its value on one line."""
    say(_bold(f"{name + ':':<15}") + value)


def _bold(text: str) -> str:
    return f"\033[1m{text}\033[0m" if on_terminal() and "NO_COLOR" not in os.environ else text
