"""A thread that notices that something holds the event loop, and says who while it is still held.

It is woken once a second and asks only whether the loop's own timer is overdue, so that an agent that is well
pays next to nothing for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orbital_runtime.guard.culprit import Culprit, culprit

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("orbital.watchdog")

PACE: Final = 1.0
"""Seconds between two looks."""
AGAIN: Final = 0.05
"""Seconds between two looks while the loop is held; and after which a machine that slept has caught up."""
PLACES: Final = 1000
"""Functions that are remembered as told."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The loop was held once."""

    culprit: Culprit
    seconds: float
    ended: float
    """`time.monotonic()`."""


class Watchdog:
    """Watches the loop of the thread that starts it.

    Args:
        overdue: Seconds by which the loop is late for its next turn; zero or less while it is not.
        owner: The plugin that brings a package; empty for none.
        threshold: Seconds of `overdue` from which it is held; 0 to look away.
    """

    def __init__(
        self, overdue: Callable[[], float], owner: Callable[[str], str], *, threshold: float = 1.0
    ) -> None:
        self.threshold = threshold
        """May be set at any time."""
        self.holds: Counter[str] = Counter()
        """How often the loop was held, by plugin; the empty name stands for what is none."""
        self.seconds = defaultdict[str, float](float)
        """For how long in all, by plugin."""
        self.last: Hold | None = None
        self._overdue = overdue
        self._owner = owner
        self._watched = 0
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._told: set[tuple[str, str, str]] = set()

    def start(self) -> None:
        """Watch from now on."""
        self._watched = threading.get_ident()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no more. Safe without `start`, and safe twice."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(PACE)

    def _watch(self) -> None:
        while not self._ended.wait(PACE):
            if self._is_held() and (found := self._found()) is not None:
                self._follow(found)

    def _is_held(self) -> bool:
        return 0 < self.threshold <= self._overdue()

    def _found(self) -> Culprit | None:
        """Where no stranger is seen, it may be the machine that was away: then the loop turns at once."""
        found, sure = culprit(self._watched, self._owner)
        if not sure and not self._ended.wait(AGAIN) and self._is_held():
            found, sure = culprit(self._watched, self._owner)[0], True
        return found if sure else None

    def _follow(self, found: Culprit) -> None:
        """Until the loop turns again."""
        since = time.monotonic() - self._overdue()
        self.holds[found.plugin] += 1
        told = self._is_told(found)
        if not told:
            log.error(
                "%s holds the agent, and all tasks wait: at %s; %s",
                found, found.place, found.advice,
            )  # fmt: skip
        while self._is_held() and not self._ended.wait(AGAIN):
            pass
        ended = time.monotonic()
        self.seconds[found.plugin] += ended - since
        self.last = Hold(found, ended - since, ended)
        if not told:
            log.warning(
                "%s held the agent for %.1f s; the next time it is only counted",
                found, ended - since,
            )  # fmt: skip

    def _is_told(self, found: Culprit) -> bool:
        known = found.plugin, found.file, found.function
        if known in self._told:
            return True
        if len(self._told) < PLACES:
            self._told.add(known)
        return False
