"""Parts that have a host, by name, and what is known of each while the agent runs."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from orbital_sdk.secrecy import scrub
from orbital_sdk.units import format_duration

if TYPE_CHECKING:
    import asyncio

    from orbital_sdk.own_metrics import OwnMetrics

log = logging.getLogger("orbital.hosts")

PLACES: Final = 100
"""Places of a part at which background tasks died, that are remembered as told."""


@dataclass(frozen=True, slots=True)
class Part:
    """A plugin, a writer or a processor, by its name."""

    kind: Literal["plugin", "writer", "processor"]
    name: str
    output: str = ""
    """The one that a writer serves."""

    def __str__(self) -> str:
        of = f" of output {self.output!r}" if self.output else ""
        return f"{self.kind} {self.name!r}{of}"

    @property
    def fixed(self) -> dict[str, str]:
        """Labels that its own metrics have without its doing."""
        return {"output": self.output} if self.output else {}


class Standing:
    """What is known of a part, whatever becomes of its instances.

    Args:
        part: Which.
        metrics: Those of its own.
    """

    def __init__(self, part: Part, metrics: OwnMetrics) -> None:
        self.part = part
        self.metrics = metrics
        self.deaths = 0
        """Background tasks that ended by an error."""
        self.abandoned = 0
        """Background tasks that did not end at the stop."""
        self._told: set[str] = set()

    def died(self, task: asyncio.Task[Any], error: BaseException) -> None:
        """A background task ended by this error. Each place is told once."""
        self.deaths += 1
        place = _place(error)
        if place in self._told or len(self._told) >= PLACES:
            return
        self._told.add(place)
        log.error(
            "%s: its background task %r died of %s at %s; from now on that is only counted",
            self.part, task.get_name(), scrub(f"{type(error).__name__}: {error}".rstrip(": ")), place,
            exc_info=error,
        )  # fmt: skip

    def left(self, task: asyncio.Task[Any], seconds: float) -> None:
        """A background task goes on after its end."""
        self.abandoned += 1
        log.error(
            "%s: its background task %r did not end within %s of its cancellation and is left behind",
            self.part, task.get_name(), format_duration(seconds),
        )  # fmt: skip


def _place(error: BaseException) -> str:
    """Where it was raised."""
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    if not frames:
        return "a place unknown"
    last = frames[-1]
    return f"{last.filename.rpartition('/')[2]}:{last.lineno} in {last.name}()"
