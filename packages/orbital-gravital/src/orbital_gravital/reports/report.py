"""The report of one run to Core."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.model import Status

if TYPE_CHECKING:
    from orbital_runtime.model import Run

LONGEST: Final = 4000
"""Maximum characters of an error message."""
INT32: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Report:
    """One run, in the form of Core's API."""

    task_id: str
    executed_ms: int
    """Start of the run, in milliseconds UTC."""
    body: dict[str, Any]

    def shorter(self) -> Report | None:
        """The same report with half of its error message; None if it has none to shorten."""
        words: str = self.body["error_message"] or ""
        if not words:
            return None
        return replace(self, body={**self.body, "error_message": words[: len(words) // 2] or None})


def report_of(task_id: str, run: Run, warning: str = "") -> Report:
    """The report of a run: integers stay integers, times are UTC with Z, no NUL; with any warning."""
    said = "; ".join(filter(None, (run.error, warning))).replace("\x00", "")
    failed = "timeout" if run.error_kind == "Timeout" else "failed"
    body = {
        "status": "success" if run.status is Status.SUCCESS else failed,
        "metrics_collected": min(run.samples, INT32),
        "error_message": said[:LONGEST] or None,
        "execution_time_ms": min(round(run.duration * 1000), INT32),
        "executed_at": utc(run.started_ms),
    }
    return Report(task_id, run.started_ms, body)


def unusable(task_id: str, reason: str, now_ms: int) -> Report:
    """The report of a task that cannot run at all."""
    body = {
        "status": "failed",
        "metrics_collected": 0,
        "error_message": reason.replace("\x00", "")[:LONGEST],
        "execution_time_ms": 0,
        "executed_at": utc(now_ms),
    }
    return Report(task_id, now_ms, body)


def utc(ms: int) -> str:
    """RFC 3339 with milliseconds and Z."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
