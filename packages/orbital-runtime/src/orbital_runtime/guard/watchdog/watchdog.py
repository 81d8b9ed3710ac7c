"""A thread that detects that the event loop is blocked, and names what blocks it.

It checks twice per threshold: if the event loop is not idle, it sends a callback and checks again at the
end of the threshold. A block of one and a half thresholds is always detected, at the cost of two wake-ups.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orbital_runtime.guard.watchdog.culprit import Culprit, culprit, is_idle
from orbital_runtime.guard.watchdog.pulse import Pulse

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("orbital.watchdog")

LOOKS: Final = 2
"""Checks per threshold. A block is always detected if it lasts for the threshold plus the time of one
check.
"""
IDLE_LOOKS: Final = 4
"""Checks after which a callback is also sent to a loop that seems idle, which wakes it: code that is not
Python may block it, which is detected that much later.
"""
PACE: Final = (0.01, 1.0)
"""Minimum and maximum seconds between two checks."""
AGAIN: Final = 0.05
"""Seconds between two checks while the loop is blocked, and for a machine to recover from suspend."""
PLACES: Final = 1000
"""Maximum of functions that are remembered as logged."""


@dataclass(frozen=True, slots=True)
class Hold:
    """One block of the event loop."""

    culprit: Culprit
    seconds: float
    ended: float
    """`time.monotonic()`."""


class Watchdog:
    """Watches the event loop that runs when it is started.

    Args:
        owner: Returns the plugin of a package; empty for none.
        threshold: Seconds from which the loop counts as blocked; 0: off.
        pulse: Of that loop; for tests.
        caught: Called on the loop with each plugin that held it.
    """

    def __init__(
        self,
        owner: Callable[[str], str],
        *,
        threshold: float = 1.0,
        pulse: Pulse | None = None,
        caught: Callable[[str], None] | None = None,
    ) -> None:
        self.threshold = threshold
        """May be changed."""
        self.holds: Counter[str] = Counter()
        """Number of blocks by plugin, writer or processor; empty: none of them."""
        self.seconds = defaultdict[str, float](float)
        """Total seconds of them."""
        self.last: Hold | None = None
        self._pulse = pulse
        self._owner = owner
        self._caught = caught
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watched = 0
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._known: set[tuple[str, str, str]] = set()
        self._looks = 0

    def start(self) -> None:
        """Start watching."""
        self._watched = threading.get_ident()
        self._loop = asyncio.get_running_loop()
        pulse = self._pulse or Pulse(self._loop)
        self._thread = threading.Thread(
            target=self._watch, args=(pulse,), name="watchdog", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop watching. Safe without `start`, and idempotent."""
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
        """Seconds until the next check, at most until the end of the threshold if a callback is pending."""
        least, most = PACE
        pause = min(self.threshold / LOOKS, self.threshold - pulse.held())
        return min(max(pause, least), most) if self.threshold else most

    def _is_held(self, pulse: Pulse) -> bool:
        return 0 < self.threshold <= pulse.held()

    def _found(self, pulse: Pulse) -> Culprit | None:
        """What blocks the loop. If it is not third-party code, the machine may have been suspended: then the
        loop runs at once.
        """
        found, sure = culprit(self._watched, self._owner)
        if not sure and not self._ended.wait(AGAIN) and self._is_held(pulse):
            found, sure = culprit(self._watched, self._owner)[0], True
        return found if sure else None

    def _follow(self, found: Culprit, pulse: Pulse) -> None:
        """Wait until the loop runs again, and record the block."""
        since = pulse.turned
        self.holds[found.plugin] += 1
        known = self._is_known(found)
        if not known:
            log.error(
                "%s blocks the event loop, and all tasks wait: at %s; %s",
                found, found.place, found.advice,
            )  # fmt: skip
        while (held := pulse.held()) and not self._ended.wait(AGAIN):
            if culprit(self._watched, self._owner)[0].who != found.who:
                pulse.reset()
                break
        seconds = max(held, pulse.turned - since)
        self.seconds[found.plugin] += seconds
        self.last = Hold(found, seconds, time.monotonic())
        self._report(found)
        if not known:
            log.warning(
                "%s blocked the event loop for %.1f s; the next time it is only counted",
                found,
                seconds,
            )

    def _report(self, found: Culprit) -> None:
        if self._caught is None or self._loop is None or found.kind != "plugin" or not found.plugin:
            return
        with suppress(RuntimeError):  # the loop was closed meanwhile
            self._loop.call_soon_threadsafe(self._caught, found.plugin)

    def _is_known(self, found: Culprit) -> bool:
        known = found.plugin, found.file, found.function
        if known in self._known:
            return True
        if len(self._known) < PLACES:
            self._known.add(known)
        return False
