"""What a processor remembers of each series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_sdk.contract.batch import Layout

T = TypeVar("T")


class PerSeries(Generic[T]):
    """One object for each series of a task, the same for all plans that hold it.

    It lives as long as one of these. The agent keeps the last plan of a task until the next one is made, so
    what is remembered outlives another layout, an hour's turn and a reload; and it is forgotten when the
    series has long been gone, or its task is.

    Args:
        make: Makes the object of a new series. It has to allow weak references, as those of usual classes do.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._known: WeakValueDictionary[object, T] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._known)

    def of(self, layout: Layout) -> list[T]:
        """The object of each row, in order, for a step to hold."""
        task = layout.origin.task
        return [self._one((task, row.key)) for row in layout.rows]

    def known(self, layout: Layout) -> list[T]:
        """The objects of those rows that have one."""
        keys = [(layout.origin.task, row.key) for row in layout.rows]
        return [one for key in keys if (one := self._known.get(key)) is not None]

    def _one(self, key: object) -> T:
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._make()
        return found
