"""What requests have cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Cost:
    """Counted up; subtract an earlier copy for one run's share."""

    packets: int = 0
    """Requests sent, retries included."""
    retries: int = 0
    values: int = 0
    """Varbinds received."""
    waited: float = 0.0
    """Seconds between requests and their replies, added up."""

    def __sub__(self, other: Cost) -> Cost:
        return Cost(
            self.packets - other.packets,
            self.retries - other.retries,
            self.values - other.values,
            self.waited - other.waited,
        )

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.packets + other.packets,
            self.retries + other.retries,
            self.values + other.values,
            self.waited + other.waited,
        )

    def copy(self) -> Cost:
        return Cost(self.packets, self.retries, self.values, self.waited)
