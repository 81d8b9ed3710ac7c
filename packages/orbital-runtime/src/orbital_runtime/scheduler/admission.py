"""Admission of runs to slots: limits in all, per target, and for exclusive resources, without starvation.

Pure. Runs queue up, are admitted in order of rank, and give their slot back. A rank is fixed when a run
queues up, so a waiting run is overtaken a bounded number of times:

    rank = due - priority * BOOST + (runs that the device has here already) * CROWD
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final, NamedTuple

from orbital_runtime.scheduler.lazyheap import LazyHeap

BOOST: Final = 5.0
"""Seconds that one step of priority is worth."""
CROWD: Final = 0.25
"""Seconds by which the rank of a run grows for each other run of its device."""
ALONE: Final = "alone on "
"""Prefix that separates exclusive resources from targets."""


class _Request(NamedTuple):
    device: str
    claim: str
    """The target or exclusive resource; empty if none."""
    alone: bool
    """Whether one run may use it at once, instead of `per_target`."""
    rank: float


class Admission:
    """The slots, and the queue in front of them.

    Args:
        slots: How many may run at once.
        per_target: How many of them against one target.
    """

    def __init__(self, slots: int, per_target: int = 1 << 30) -> None:
        self.slots = slots
        self.per_target = per_target
        self._waiting: dict[str, _Request] = {}
        self._running: dict[str, _Request] = {}
        self._queue: LazyHeap[float] = LazyHeap()
        self._used: defaultdict[str, int] = defaultdict(int)
        """How many runs use each claim."""
        self._behind: dict[str, LazyHeap[float]] = {}
        """Runs that wait for a claim that is used up."""
        self._crowd: defaultdict[str, int] = defaultdict(int)

    @property
    def waiting(self) -> int:
        """How many runs wait."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """How many runs hold a slot."""
        return len(self._running)

    def set_limits(self, slots: int, per_target: int) -> None:
        """Change the limits, also for runs that wait already."""
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
        """Queue up.

        Args:
            key: The run; it must neither wait nor run.
            device: Its device: devices take turns.
            due: Steady seconds at which it is due.
            priority: 0 to 9; 9 goes first.
            exclusive: A resource that one run at a time may use.
            target: Its target, if nothing is exclusive; `per_target` runs may use it at a time.
        """
        rank = due - priority * BOOST + self._crowd[device] * CROWD
        self._crowd[device] += 1
        if exclusive is None:
            self._waiting[key] = _Request(device, target, False, rank)
        else:
            self._waiting[key] = _Request(device, f"{ALONE}{exclusive}", True, rank)
        self._queue.put(key, rank)

    def next(self) -> str | None:
        """Admit the first run that may start; None if none can."""
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
        """Give the slot back; whether the run held one."""
        request = self._running.pop(key, None)
        if request is None:
            return False
        self._leave(request.device)
        if request.claim:
            self._used[request.claim] -= 1
            if not self._used[request.claim]:
                del self._used[request.claim]
            self._call_up(request.claim)
        return True

    def withdraw(self, key: str) -> bool:
        """Leave the queue; whether it was queued."""
        request = self._waiting.pop(key, None)
        if request is None:
            return False
        self._leave(request.device)
        self._queue.discard(key)
        if request.claim:
            if request.claim in self._behind:
                self._behind[request.claim].discard(key)
            if self._room(request):
                self._call_up(request.claim)
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

    def _call_up(self, claim: str) -> None:
        """A claim is free: the first run that waits for it joins the queue again."""
        behind = self._behind.get(claim)
        if behind is None:
            return
        top = behind.first()
        if top is not None:
            behind.discard(top[1])
            self._queue.put(top[1], top[0])
        if not behind:
            del self._behind[claim]
