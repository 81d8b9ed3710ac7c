"""Counts of reports, over all lanes."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orbital_gravital.errors import CoreError

log = logging.getLogger("orbital.core")


@dataclass(slots=True)
class Tally:
    """Counts of reports by result, and the lanes that fail now."""

    sent: int = 0
    refused: int = 0
    """Refused by Core for good, or their task no longer exists there."""
    given_up: int = 0
    """Given up because Core fails on them and not on others."""
    dropped: int = 0
    """Dropped because the queue was full, or because Core changed."""
    failing: set[object] = field(default_factory=set[object])
    """Lanes whose last attempt failed."""

    def inherit(self, older: Tally) -> None:
        """Continue the counts of another tally."""
        self.sent += older.sent
        self.refused += older.refused
        self.given_up += older.given_up
        self.dropped += older.dropped

    def failed(self, lane: object, error: CoreError) -> None:
        """A lane failed and will retry. Logged for the first lane only."""
        level = logging.DEBUG if self.failing else logging.WARNING
        self.failing.add(lane)
        log.log(level, "reports wait for Core: %s", error)

    def recovered(self, lane: object) -> None:
        """This lane succeeded."""
        self.failing.discard(lane)
