"""What one run found out about one host."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orbital_plugin_ping.pinger import Outcome

if TYPE_CHECKING:
    from orbital_plugin_ping.address import Address
    from orbital_plugin_ping.statistics import Statistics


@dataclass(slots=True)
class Reading:
    """Times are in seconds."""

    statistics: Statistics
    resolve: float
    """For finding the address."""
    duration: float = 0.0
    """For all of it."""
    address: Address | None = None
    """None if the name has none."""
    outcome: Outcome = field(default_factory=Outcome)
    reason: str = ""
    """Why nothing came back."""

    @property
    def reached(self) -> bool:
        """Whether at least one packet was answered."""
        return self.statistics.received > 0
