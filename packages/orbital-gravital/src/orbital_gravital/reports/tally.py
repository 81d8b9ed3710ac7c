"""What became of reports, over all lanes."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orbital_gravital.errors import CoreError

log = logging.getLogger("orbital.core")


@dataclass(slots=True)
class Tally:
    """Counts, and which lanes fail now."""

    sent: int = 0
    refused: int = 0
    """By Core, for good, or it does not have their task any more."""
    given_up: int = 0
    """Core broke over them, and over no others."""
    dropped: int = 0
    """There was no room for them, or nobody to hear them any more."""
    failing: set[object] = field(default_factory=set[object])
    """Lanes that wait for Core."""

    def inherit(self, older: Tally) -> None:
        """Go on with the counts of another one."""
        self.sent += older.sent
        self.refused += older.refused
        self.given_up += older.given_up
        self.dropped += older.dropped

    def failed(self, lane: object, error: CoreError) -> None:
        """A lane waits for Core. The first one says so, for all of them."""
        level = logging.DEBUG if self.failing else logging.WARNING
        self.failing.add(lane)
        log.log(level, "reports wait for Core: %s", error)

    def recovered(self, lane: object) -> None:
        """This lane waits no more."""
        self.failing.discard(lane)
