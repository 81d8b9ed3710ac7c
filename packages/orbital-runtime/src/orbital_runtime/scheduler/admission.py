"""Admission of runs to slots, with limits in total, per target and for exclusive resources. Pure.

Runs are admitted in order of rank. A rank is fixed when the run is queued, so a waiting run is overtaken a
bounded number of times, and none starves:

    rank = due - priority * BOOST + (queued and running runs of the device) * CROWD
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final, NamedTuple

from orbital_runtime.scheduler.lazyheap import LazyHeap

BOOST: Final = 5.0
"""Seconds per step of priority."""
CROWD: Final = 0.25
"""Seconds by which a rank grows for each other run of the device."""
ALONE: Final = "alone on "
"""Prefix of exclusive resources, to distinguish them from targets."""


class _Request(NamedTuple):
    device: str
    claim: str
    """The target or exclusive resource; empty if none."""
    alone: bool
    """Whether one run at a time may use it, instead of `per_target`."""
    rank: float


class Admission:
    """The slots and their queue.

    Args:
        slots: Maximum of concurrent runs.
        per_target: Maximum of concurrent runs against one target.
    """

    def __init__(self, slots: int, per_target: int = 1 << 30) -> None:
        self.slots = slots
        self.per_target = per_target
        self._waiting: dict[str, _Request] = {}
        self._running: dict[str, _Request] = {}
        self._queue: LazyHeap[float] = LazyHeap()
        self._used: defaultdict[str, int] = defaultdict(int)
        """Number of runs by claim."""
        self._behind: dict[str, LazyHeap[float]] = {}
        """Runs that wait for a claim."""
        self._crowd: defaultdict[str, int] = defaultdict(int)

    @property
    def waiting(self) -> int:
        """Number of waiting runs."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Number of runs with a slot."""
        return len(self._running)

    def set_limits(self, slots: int, per_target: int) -> None:
        """Change the limits, also for waiting runs."""
        self.slots, self.per_target = slots, per_target
        for behind in self._behind.values():
            while (key := behind.pop()) is not None:
                self._queue.put(key, self._waiting[key].rank)
        self._behind.clear()

    def ask(
        self,
        key: str,
        device: str,
        *,
        due: float,
        priority: int,
        exclusive: str | None = None,
        target: str = "",
    ) -> None:
        """Queue a run.

        Args:
            key: Of the run; it must neither wait nor run.
            device: Its device; devices take turns.
            due: Steady seconds at which it is due.
            priority: 0 to 9; 9 is first.
            exclusive: A resource that one run at a time may use.
            target: Its target, used by at most `per_target` runs; ignored if `exclusive` is given.
        """
        rank = due - priority * BOOST + self._crowd[device] * CROWD
        self._crowd[device] += 1
        if exclusive is None:
            self._waiting[key] = _Request(device, target, False, rank)
        else:
            self._waiting[key] = _Request(device, f"{ALONE}{exclusive}", True, rank)
        self._queue.put(key, rank)

    def next(self) -> str | None:
        """Admit the first run that can start; None if there is none."""
        while len(self._running) < self.slots and (key := self._queue.pop()) is not None:
            request = self._waiting[key]
            if not request.claim:
                return self._admit(key, request)
            if self._room(request):
                self._used[request.claim] += 1
                return self._admit(key, request)
            self._behind.setdefault(request.claim, LazyHeap()).put(key, request.rank)
        return None

    def done(self, key: str) -> bool:
        """Free the slot of a run. Returns whether it had one."""
        request = self._running.pop(key, None)
        if request is None:
            return False
        self._leave(request.device)
        if request.claim:
            self._used[request.claim] -= 1
            if not self._used[request.claim]:
                del self._used[request.claim]
            self._start_waiting(request.claim)
        return True

    def withdraw(self, key: str) -> bool:
        """Remove a run from the queue. Returns whether it was queued."""
        request = self._waiting.pop(key, None)
        if request is None:
            return False
        self._leave(request.device)
        self._queue.discard(key)
        if request.claim:
            if request.claim in self._behind:
                self._behind[request.claim].discard(key)
            if self._room(request):
                self._start_waiting(request.claim)
        return True

    def _room(self, request: _Request) -> bool:
        return self._used.get(request.claim, 0) < (1 if request.alone else self.per_target)

    def _admit(self, key: str, request: _Request) -> str:
        del self._waiting[key]
        self._running[key] = request
        return key

    def _leave(self, device: str) -> None:
        self._crowd[device] -= 1
        if not self._crowd[device]:
            del self._crowd[device]

    def _start_waiting(self, claim: str) -> None:
        """A claim is free: queue the first run that waits for it again."""
        behind = self._behind.get(claim)
        if behind is None:
            return
        top = behind.first()
        if top is not None:
            behind.discard(top[1])
            self._queue.put(top[1], top[0])
        if not behind:
            del self._behind[claim]
