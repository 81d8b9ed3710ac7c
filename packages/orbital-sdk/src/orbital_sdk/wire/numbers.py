"""Numbers for what is told once and named by number from then on."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

K = TypeVar("K", bound="Hashable")


class Numbers(Generic[K]):
    """Each key's number, from 0 on. Where there is no room left, the key used longest ago gives its own away.

    Args:
        room: Keys that the other end remembers.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._known: OrderedDict[K, int] = OrderedDict()

    def of(self, key: K) -> tuple[int, bool]:
        """Its number, and whether the other end knows it already."""
        number = self._known.get(key)
        if number is not None:
            self._known.move_to_end(key)
            return number, True
        full = len(self._known) >= self._room
        number = self._known.popitem(last=False)[1] if full else len(self._known)
        self._known[key] = number
        return number, False
