"""The state of the connection to Gravital Core, and the health reasons that follow from it."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.extensions import Reason
from orbital_sdk.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orbital_runtime.extensions import UnusableTask

ENDS: Final = ("waiting", "refused", "given_up", "dropped")
"""Counts of reports that are shown to people."""
NAMED: Final = 3
"""Maximum of tasks that cannot run and are reported one by one."""


@dataclass(frozen=True, slots=True)
class CoreStanding:
    """The state of the connection to Gravital Core."""

    address: str
    sentinel_id: str
    """Empty while it is not registered."""
    trouble: str
    """Why it is not registered, or why the last fetch of tasks failed; empty when all is well."""
    heartbeats: int
    """Heartbeats that Core answered."""
    heartbeats_failed: int
    last_heartbeat_ms: int | None
    """Time of the last answered heartbeat, in milliseconds UTC."""
    tasks: int
    """Core's tasks that can run."""
    unusable: Mapping[str, UnusableTask]
    """Core's tasks that cannot run, by id."""
    reports: int
    """Reports that Core accepted."""
    reports_waiting: int
    reports_refused: int
    reports_given_up: int
    """Reports given up because Core fails on them and not on others."""
    reports_dropped: int
    """Reports dropped because the queue was full."""


def line(status: Mapping[str, Any]) -> str:
    """The section of the status as one line of text."""
    if not status["sentinel_id"]:
        return f"{status['address']}, not registered yet"
    heard = _ago(status["last_heartbeat_ms"])
    pulse = f"last heartbeat {heard}" if heard else "no heartbeat yet"
    state = "away" if status["trouble"] else "connected" if heard else "asked"
    counts = {end.replace("_", " "): status[f"reports_{end}"] for end in ENDS}
    reports = ", ".join(f"{count} {end}" for end, count in counts.items() if count)
    return f"{status['address']}, {state}, {pulse}, reports: {reports or 'none waiting'}"


def _ago(ms: int | None) -> str:
    """The time since `ms` (milliseconds UTC) in its two largest units: `5m12s ago`."""
    if ms is None:
        return ""
    text = format_duration(int(max(0.0, time.time() - ms / 1000)))
    return f"{''.join(re.findall('[0-9.]+[a-z]+', text)[:2])} ago"


def reasons(now: CoreStanding) -> Iterator[Reason]:
    """What is wrong. An unreachable Core is not blocking: tasks keep running, and data for Core waits."""
    if not now.sentinel_id:
        why = now.trouble or f"{now.address} did not answer yet"
        yield Reason("core_unknown", f"not registered at Core: {why}", blocks=False)
    elif now.trouble:
        yield Reason("core_away", f"Core's tasks stay as they are: {now.trouble}", blocks=False)
    yield from _unusable(now.unusable)


def _unusable(tasks: Mapping[str, UnusableTask]) -> Iterator[Reason]:
    """The first `NAMED` tasks, and the number of the others."""
    for name, task in islice(tasks.items(), NAMED):
        message = f"task {name} of Core cannot run: {task.reason}"
        yield Reason("core_task_unusable", message, blocks=False, subject=name)
    if (more := len(tasks) - NAMED) > 0:
        message = f"and {more} more tasks of Core cannot run: `sentinel tasks --status unusable`"
        yield Reason("core_task_unusable", message, blocks=False)
