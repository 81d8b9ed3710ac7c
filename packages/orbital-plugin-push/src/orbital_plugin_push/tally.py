"""What is counted of an address."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orbital_plugin_push.formats import Arrived


class Tally:
    """Counts since the agent began to listen there."""

    def __init__(self) -> None:
        self.answers: Counter[int] = Counter()
        """By status."""
        self.refused: Counter[str] = Counter()
        """Samples, by reason."""
        self.samples = 0
        """That the buffer has."""
        self.connections = 0
        """Now."""
        self.turned_away = 0
        """Connections above the limit."""

    def answered(self, status: int) -> None:
        self.answers[status] += 1

    def took(self, arrived: Arrived) -> None:
        self.samples += arrived.samples
        self.refused.update(arrived.refused)
