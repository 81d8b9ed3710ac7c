"""A heap of unique keys by rank, with removal."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

R = TypeVar("R", int, float)


class LazyHeap(Generic[R]):
    """Every change costs O(log n). Removed entries stay in the heap until they reach the top, or until there
    are more of them than keys: then the heap is rebuilt.
    """

    __slots__ = ("_heap", "_ranks")

    def __init__(self) -> None:
        self._ranks: dict[str, R] = {}
        self._heap: list[tuple[R, str]] = []

    def __len__(self) -> int:
        return len(self._ranks)

    def __contains__(self, key: str) -> bool:
        return key in self._ranks

    def put(self, key: str, rank: R) -> None:
        """Set the key's rank; the lowest is first."""
        self._ranks[key] = rank
        heappush(self._heap, (rank, key))
        self._tidy()

    def discard(self, key: str) -> bool:
        """Remove the key. Returns whether it was there."""
        was_there = self._ranks.pop(key, None) is not None
        self._tidy()
        return was_there

    def first(self) -> tuple[R, str] | None:
        """Rank and key of the first entry; None if empty."""
        heap, ranks = self._heap, self._ranks
        while heap:
            rank, key = heap[0]
            if ranks.get(key) == rank:
                return heap[0]
            heappop(heap)
        return None

    def pop(self) -> str | None:
        """Remove and return the first key; None if empty."""
        top = self.first()
        if top is None:
            return None
        heappop(self._heap)
        del self._ranks[top[1]]
        return top[1]

    def _tidy(self) -> None:
        if len(self._heap) > 2 * len(self._ranks) + 64:
            self._heap = [(rank, key) for key, rank in self._ranks.items()]
            heapify(self._heap)

    @property
    def leftovers(self) -> int:
        """Removed entries that are still in the heap."""
        return len(self._heap) - len(self._ranks)
