"""How it stands between this sentinel and Gravital Core, and what of that is not as it should be."""

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
"""What became of reports, of what a person should hear."""
NAMED: Final = 3
"""Tasks that cannot run and that are told one by one."""


@dataclass(frozen=True, slots=True)
class CoreStanding:
    """How it stands between this sentinel and Gravital Core."""

    address: str
    sentinel_id: str
    """Empty while it is not registered."""
    trouble: str
    """Why it is not, or why the last list of tasks did not come; empty when all is well."""
    heartbeats: int
    """Those that Core answered."""
    heartbeats_failed: int
    last_heartbeat_ms: int | None
    """Milliseconds UTC."""
    tasks: int
    """Those of Core that can run."""
    unusable: Mapping[str, UnusableTask]
    """Those that cannot."""
    reports: int
    """Those that Core has."""
    reports_waiting: int
    reports_refused: int
    reports_given_up: int
    """Core broke over them, and over no others."""
    reports_dropped: int
    """More waited than there is room for."""


def line(status: Mapping[str, Any]) -> str:
    """The same, as the status has it, on a line for people."""
    if not status["sentinel_id"]:
        return f"{status['address']}, not registered yet"
    heard = _ago(status["last_heartbeat_ms"])
    pulse = f"last heartbeat {heard}" if heard else "no heartbeat yet"
    state = "away" if status["trouble"] else "connected" if heard else "asked"
    counts = {end.replace("_", " "): status[f"reports_{end}"] for end in ENDS}
    reports = ", ".join(f"{count} {end}" for end, count in counts.items() if count)
    return f"{status['address']}, {state}, {pulse}, reports: {reports or 'none waiting'}"


def _ago(ms: int | None) -> str:
    """How long a moment (milliseconds UTC) is over, by its two largest units: `5m12s ago`."""
    if ms is None:
        return ""
    text = format_duration(int(max(0.0, time.time() - ms / 1000)))
    return f"{''.join(re.findall('[0-9.]+[a-z]+', text)[:2])} ago"


def reasons(now: CoreStanding) -> Iterator[Reason]:
    """What is wrong. Core away blocks nothing: tasks go on, and what is for it waits."""
    if not now.sentinel_id:
        why = now.trouble or f"{now.address} did not answer yet"
        yield Reason("core_unknown", f"not registered at Core: {why}", blocks=False)
    elif now.trouble:
        yield Reason("core_away", f"Core's tasks stay as they are: {now.trouble}", blocks=False)
    yield from _unusable(now.unusable)


def _unusable(tasks: Mapping[str, UnusableTask]) -> Iterator[Reason]:
    """The first few, and how many more: a list of a thousand helps nobody."""
    for name, task in islice(tasks.items(), NAMED):
        message = f"task {name} of Core cannot run: {task.reason}"
        yield Reason("core_task_unusable", message, blocks=False, subject=name)
    if (more := len(tasks) - NAMED) > 0:
        message = f"and {more} more tasks of Core cannot run: `sentinel tasks --status unusable`"
        yield Reason("core_task_unusable", message, blocks=False)
