"""A thread that notices that something holds the event loop, and says who while it is still held.

It looks twice in each limit, asks a loop that is not idle for a sign of life, and looks again when the
limit is over: a hold of one and a half limits is always seen, and an agent that is well pays two wake-ups.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orbital_runtime.guard.watchdog.culprit import Culprit, culprit, is_idle
from orbital_runtime.guard.watchdog.pulse import Pulse

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("orbital.watchdog")

LOOKS: Final = 2
"""Looks in each limit. A hold is seen for certain when it lasts for the limit and one such part of it."""
IDLE_LOOKS: Final = 4
"""Looks after which a loop that seems idle is asked all the same, which wakes it: what holds it may be no
Python, and that is seen after so many parts of the limit more."""
PACE: Final = (0.01, 1.0)
"""Seconds between two looks: at least, and at most."""
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
    """Watches the loop that runs when it is started.

    Args:
        owner: The plugin that brings a package; empty for none.
        threshold: Seconds without a turn from which the loop is held; 0 to look away.
        pulse: Of that loop; for tests.
    """

    def __init__(
        self, owner: Callable[[str], str], *, threshold: float = 1.0, pulse: Pulse | None = None
    ) -> None:
        self.threshold = threshold
        """May be set at any time."""
        self.holds: Counter[str] = Counter()
        """How often the loop was held, by plugin, writer or processor; empty: none of them."""
        self.seconds = defaultdict[str, float](float)
        """For how long in all, by the same."""
        self.last: Hold | None = None
        self._pulse = pulse
        self._owner = owner
        self._watched = 0
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._told: set[tuple[str, str, str]] = set()
        self._looks = 0

    def start(self) -> None:
        """Watch from now on."""
        self._watched = threading.get_ident()
        pulse = self._pulse or Pulse(asyncio.get_running_loop())
        self._thread = threading.Thread(
            target=self._watch, args=(pulse,), name="watchdog", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Watch no more. Safe without `start`, and safe twice."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(max(PACE))

    def _watch(self, pulse: Pulse) -> None:
        while not self._ended.wait(pause := self._pause(pulse)):
            if self._is_held(pulse) and (found := self._found(pulse)) is not None:
                self._follow(found, pulse)
            elif self._is_due():
                pulse.ask(pause)

    def _is_due(self) -> bool:
        self._looks += 1
        return not is_idle(self._watched) or self._looks % IDLE_LOOKS == 0

    def _pause(self, pulse: Pulse) -> float:
        """Until the next look: no longer than to the end of the limit, while the loop does not answer."""
        least, most = PACE
        pause = min(self.threshold / LOOKS, self.threshold - pulse.held())
        return min(max(pause, least), most) if self.threshold else most

    def _is_held(self, pulse: Pulse) -> bool:
        return 0 < self.threshold <= pulse.held()

    def _found(self, pulse: Pulse) -> Culprit | None:
        """Where no stranger is seen, it may be the machine that was away: then the loop turns at once."""
        found, sure = culprit(self._watched, self._owner)
        if not sure and not self._ended.wait(AGAIN) and self._is_held(pulse):
            found, sure = culprit(self._watched, self._owner)[0], True
        return found if sure else None

    def _follow(self, found: Culprit, pulse: Pulse) -> None:
        """Until the loop turns again."""
        since = pulse.turned
        self.holds[found.plugin] += 1
        told = self._is_told(found)
        if not told:
            log.error(
                "%s holds the agent, and all tasks wait: at %s; %s",
                found, found.place, found.advice,
            )  # fmt: skip
        while (held := pulse.held()) and not self._ended.wait(AGAIN):
            if culprit(self._watched, self._owner)[0].who != found.who:
                pulse.pass_on()
                break
        seconds = max(held, pulse.turned - since)
        self.seconds[found.plugin] += seconds
        self.last = Hold(found, seconds, time.monotonic())
        if not told:
            log.warning(
                "%s held the agent for %.1f s; the next time it is only counted", found, seconds
            )

    def _is_told(self, found: Culprit) -> bool:
        known = found.plugin, found.file, found.function
        if known in self._told:
            return True
        if len(self._told) < PLACES:
            self._told.add(known)
        return False
