"""A plugin, writer or processor by name: metrics and counts that outlive its instances."""

from __future__ import annotations

import logging
import re
import traceback
from typing import TYPE_CHECKING, Any, Final, Literal

from orbital_sdk.hosting.own_metrics import OwnMetrics
from orbital_sdk.secrecy import scrub
from orbital_sdk.units import format_duration

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

log = logging.getLogger("orbital.hosts")

Kind = Literal["plugin", "writer", "processor"]
PLACES: Final = 100
"""Maximum places in a part's code whose failures of background tasks are remembered as logged."""


class Part:
    """A part with all its instances.

    Args:
        kind: Kind of the part.
        name: Name of the part.
        claim: Called with each new metric of its own; raises ValueError if another part has the name.
    """

    def __init__(self, kind: Kind, name: str, claim: Callable[[Part, str], None]) -> None:
        self.kind: Kind = kind
        self.name = name
        self.metrics = OwnMetrics(self._crowded, lambda metric: claim(self, metric))
        """The part's own metrics."""
        self.failed = 0
        """Background tasks that ended with an error."""
        self.abandoned = 0
        """Background tasks that did not end at a stop."""
        self._told: set[str] = set()

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}"

    @property
    def key(self) -> tuple[str, str]:
        """Kind and name."""
        return self.kind, self.name

    def full_name(self, metric: str) -> str:
        """The name of one of its own metrics on `/metrics`."""
        return re.sub(r"\W", "_", f"orbital_{self.kind}_{self.name}_{metric}", flags=re.ASCII)

    def died(self, task: asyncio.Task[Any], error: BaseException) -> None:
        """Count a background task that ended with this error; each place is logged once."""
        self.failed += 1
        place = _place(error)
        if place in self._told or len(self._told) >= PLACES:
            return
        self._told.add(place)
        words = scrub(f"{type(error).__name__}: {error}".rstrip(": "))
        log.error(
            "%s: its background task %r died at %s: %s; the next time it is only counted",
            self, task.get_name(), place, words, exc_info=error,
        )  # fmt: skip

    def left(self, task: asyncio.Task[Any], seconds: float) -> None:
        """Count a background task that continues after the stop."""
        self.abandoned += 1
        log.error(
            "%s: its background task %r did not end within %s of its cancellation and was abandoned",
            self, task.get_name(), format_duration(seconds),
        )  # fmt: skip

    def _crowded(self, words: str) -> None:
        log.warning("%s: %s", self, words)


def _place(error: BaseException) -> str:
    """The place where the error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "an unknown place"
    last = frames[-1]
    return f"{last.filename.rpartition('/')[2]}:{last.lineno} in {last.name}()"
