"""How outputs went: their backlog over time, and the changes of phase and breaker."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

View = dict[str, Any]

KEPT: Final = 720
"""Points of an output at most: an hour at `RECORD_EVERY`."""
CHANGES: Final = 50
"""Changes kept of an output."""
POINT_BYTES: Final = 330
"""Memory of a point. An estimate."""


class Point(NamedTuple):
    """An output at one time."""

    at: int
    """Milliseconds UTC."""
    waiting: int
    """Samples."""
    backlog: int
    """Samples in the backlog lane."""
    lag: float
    """Seconds."""
    sent_samples: int
    """Since the start, as the next two."""
    requests: int
    errors: int


class Change(NamedTuple):
    """A change of phase or breaker."""

    at: int
    """Milliseconds UTC."""
    phase: str
    breaker: str
    reason: str


class OutputHistory:
    """All outputs.

    Args:
        memory: Bytes at most.
    """

    def __init__(self, memory: int) -> None:
        self._points = memory // POINT_BYTES
        self._of: dict[str, tuple[deque[Point], deque[Change]]] = {}

    def record(self, at: int, outputs: Iterable[View]) -> list[str]:
        """Remember how they are now. Returns the outputs whose phase or breaker changed.

        Args:
            at: Milliseconds UTC.
            outputs: As in `/api/v1/outputs`.
        """
        known = {one["name"]: one for one in outputs if "breaker" in one}
        for gone in self._of.keys() - known.keys():
            del self._of[gone]
        kept = min(KEPT, self._points // max(1, len(known)))
        return [name for name, one in known.items() if self._add(at, one, kept)]

    def points(self, output: str) -> list[Point]:
        """The oldest first."""
        return list(self._of[output][0]) if output in self._of else []

    def changes(self, output: str) -> list[Change]:
        """The oldest first."""
        return list(self._of[output][1]) if output in self._of else []

    def _add(self, at: int, one: View, kept: int) -> bool:
        points, changes = self._of.setdefault(
            one["name"], (deque[Point](), deque[Change](maxlen=CHANGES))
        )
        points.append(
            Point(
                at, one["waiting"], one["backlog"], one["lag"], one["sent_samples"],
                one["requests"], sum(one["errors"].values()),
            )
        )  # fmt: skip
        while len(points) > max(1, kept):
            points.popleft()
        change = Change(at, _phase(one), one["breaker"], one["reason"])
        if changes and changes[-1][1:3] == change[1:3]:
            return False
        changes.append(change)
        return True


def _phase(output: Mapping[str, Any]) -> str:
    """An output that works alternates between two phases."""
    return "delivering" if output["phase"] == "waiting" else output["phase"]
