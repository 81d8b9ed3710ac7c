"""What one source says about a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orbital_resolver.address import NumericAddress
    from orbital_resolver.errors import Failure


@dataclass(frozen=True, slots=True)
class Answer:
    """Addresses, by RFC 6724 the best first."""

    places: tuple[NumericAddress, ...]
    ttl: float = 0.0
    """Seconds, the least of all records; 0 where the source knows of none."""


class Failed(Exception):  # noqa: N818 (reads as what happened)
    """No addresses."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure
