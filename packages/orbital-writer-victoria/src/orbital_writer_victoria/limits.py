"""What VictoriaMetrics answers with 204 and does not store, found before it is sent.

A sample that it would drop quietly is refused by name, so that it is counted and kept as a dead
letter. The limits are those that its documents name for ingestion; each was seen at work in 1.112.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orbital_remote_write.labels import render
from orbital_sdk.screening import screen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orbital_remote_write import LabelRules
    from orbital_sdk import Batch, Layout
    from orbital_sdk.screening import Screened

DROPS: Final = "VictoriaMetrics would drop it without a word"
MOST_ADDED: Final = 3
"""Labels that every series gets: its name, `job` and `instance`."""


@dataclass(frozen=True, slots=True)
class IngestionLimits:
    """As the server has them; 0 = don't look."""

    labels: int
    name_bytes: int
    value_bytes: int
    ahead: float
    """Seconds."""
    behind: float
    """Seconds."""


class Screen:
    """Looks at calls. What depends on the layout alone is looked at once a layout."""

    def __init__(self, limits: IngestionLimits, rules: LabelRules) -> None:
        self._limits = limits
        self._rules = rules
        self._key = f"victoria limits, {limits}, {rules}"

    def look(self, batches: Sequence[Batch], now: int) -> Screened | None:
        """None where nothing has to go.

        Args:
            batches: A call's.
            now: Milliseconds UTC.
        """
        earliest, latest = self._bounds(now)
        if not any(self._suspicious(batch, earliest, latest) for batch in batches):
            return None
        return screen(batches, lambda batch: self._faults(batch, earliest, latest))

    def _bounds(self, now: int) -> tuple[float, float]:
        ahead, behind = self._limits.ahead, self._limits.behind
        return (
            now - 1000 * behind if behind else -math.inf,
            now + 1000 * ahead if ahead else math.inf,
        )

    def _suspicious(self, batch: Batch, earliest: float, latest: float) -> bool:
        """Cheap, and never wrong in saying no. Infinities that cancel out look like NaN here."""
        times = batch.times
        first, last = (min(times), max(times)) if times else (batch.ts, batch.ts)
        in_time = earliest <= first and last <= latest
        odd = not batch.stale and math.isnan(sum(batch.values))
        return odd or not in_time or bool(self._of_layout(batch.layout))

    def _faults(self, batch: Batch, earliest: float, latest: float) -> dict[int, str]:
        """Row -> why it would be dropped."""
        found = dict(self._of_layout(batch.layout))
        for row, (_, ts, value) in enumerate(batch.items()):
            if math.isnan(value) and not batch.stale:
                found[row] = f"its value is NaN; {DROPS}"
            elif ts > latest:
                found[row] = f"more than {_days(self._limits.ahead)} days ahead of now; {DROPS}"
            elif ts < earliest:
                found[row] = f"older than the retention of {_days(self._limits.behind)} days"
        return found

    def _of_layout(self, layout: Layout) -> Mapping[int, str]:
        whole = layout.whole
        known: dict[int, str] | None = whole.caches.get(self._key)
        if known is None:
            known = whole.caches[self._key] = self._look_at(whole)
        if not known or layout is whole:
            return known
        rows = ((row - layout.start, fault) for row, fault in known.items())
        return {row: fault for row, fault in rows if 0 <= row < len(layout)}

    def _look_at(self, layout: Layout) -> dict[int, str]:
        target, added = self._rules.target(layout.origin), self._rules.added(layout.origin)
        most = (self._limits.labels or math.inf) - len(added) - MOST_ADDED
        same = self._may_be_long([*added.items(), *target.items()])
        found: dict[int, str] = {}
        for number, row in enumerate(layout.rows):
            if same or len(row.labels) > most or self._may_be_long([("", row.name), *row.labels]):
                fault = self._fault(render(row, target, added))
                if fault:
                    found[number] = f"{fault}; {DROPS}"
        return found

    def _may_be_long(self, pairs: Sequence[tuple[str, str]]) -> bool:
        """Whether to count bytes; a character has four at most, and valid names have one each."""
        name_most = self._limits.name_bytes or math.inf
        value_most = (self._limits.value_bytes or math.inf) / 4
        return any(len(name) > name_most or len(value) > value_most for name, value in pairs)

    def _fault(self, pairs: Sequence[tuple[str, str]]) -> str | None:
        limits = self._limits
        if 0 < limits.labels < len(pairs):
            return f"it has {len(pairs)} labels, more than max_labels {limits.labels}"
        for name, value in pairs:
            if 0 < limits.name_bytes < len(name):
                return f"the name of label {name[:32]}… is longer than {limits.name_bytes} bytes"
            if 0 < limits.value_bytes < len(value.encode(errors="replace")):
                return f"label {name[:32]} is longer than {limits.value_bytes} bytes"
        return None


def _days(seconds: float) -> str:
    return f"{seconds / 86_400:g}"
