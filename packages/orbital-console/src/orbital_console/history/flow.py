"""How many samples pass each station, as rates between two looks."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Look(NamedTuple):
    """Counts at one time."""

    at: float
    """Steady seconds."""
    counts: Mapping[str, int]
    """Samples since the start, by station: `plugin NAME`, `dropped PROCESSOR`, `output NAME` and the like."""


class Flow:
    """The counts of the last two looks."""

    def __init__(self) -> None:
        self.plugins: Counter[str] = Counter()
        """Samples of all runs, by plugin."""
        self._before = self._now = Look(0.0, {})

    def look(self, at: float, counts: Mapping[str, int]) -> None:
        """Note these counts, and those of plugins."""
        mine = {f"plugin {name}": count for name, count in self.plugins.items()}
        self._before, self._now = self._now, Look(at, mine | dict(counts))

    @property
    def rates(self) -> dict[str, float]:
        """Samples per second by station; what was not there at the look before has none."""
        seconds = self._now.at - self._before.at
        before = self._before.counts
        return {
            name: max(0, count - before[name]) / seconds if name in before and seconds > 0 else 0.0
            for name, count in self._now.counts.items()
        }
