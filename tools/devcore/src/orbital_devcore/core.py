"""One server: what it remembers, how it tells time, its mood and the faults it was asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orbital_devcore.clock import Clock
from orbital_devcore.database import Database
from orbital_devcore.faults import Faults

if TYPE_CHECKING:
    from pathlib import Path


class Refused(Exception):  # noqa: N818 (reads as what happened)
    """An answer other than 200.

    Args:
        status: Of HTTP.
        code: Of the envelope; None gives an empty body, as a panic does.
        message: For people; clients of the real server have nothing else to tell errors apart.
    """

    def __init__(self, status: int, code: int | None, message: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass
class Core:
    """Everything that the routes work on."""

    quirks: bool = False
    """Answer like the real server, mistakes included."""
    path: Path | None = None
    """Of the database; None keeps all in memory."""
    keep_samples: int = 1_000_000
    """Newest samples that stay."""
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        self.db = Database(self.path)
        self.clock = Clock(quirks=self.quirks)
        self.queued = 0
        """Metrics in the forward channel."""

    def missing(self, quirk: str, message: str) -> Refused:
        """What is not there: 404, or the 500 whose text alone tells it."""
        return (
            Refused(500, 10001, f"{quirk}: {message}")
            if self.quirks
            else Refused(404, 40401, message)
        )
