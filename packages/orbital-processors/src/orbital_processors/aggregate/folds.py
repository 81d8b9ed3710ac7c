"""What is kept of the samples in a window: running sums and the like, for all groups of a layout at once.

A fold takes the values of a batch column by column, so that a batch costs a few calls that loop in C. It
then gives its
state for one group, as data for JSON; states of one group from several layouts are merged.
"""

from __future__ import annotations

import math
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    Column: TypeAlias = Sequence[float]
    Columns: TypeAlias = Sequence[Sequence[float]]
    Moments: TypeAlias = tuple[float, float, float]


class Fold(Protocol):
    """Made for a number of groups."""

    name: ClassVar[str]

    def __init__(self, groups: int) -> None: ...

    def single(self, column: Column, ts: int) -> None:
        """Take a value for each group, of this time (milliseconds UTC)."""
        ...

    def several(self, columns: Columns, ts: int) -> None:
        """Take one value or more for each group, in their order."""
        ...

    def states(self) -> Sequence[Any]:
        """What is kept of each group. It stays as it is when more values come."""
        ...

    @staticmethod
    def merged(one: Any, other: Any, /) -> Any:
        """Two states of one group as one."""
        ...


class Count:
    """Number of samples."""

    name: ClassVar[str] = "count"

    def __init__(self, groups: int) -> None:
        self._counts = [0] * groups

    def single(self, column: Column, ts: int) -> None:
        self._counts = [count + 1 for count in self._counts]

    def several(self, columns: Columns, ts: int) -> None:
        self._counts = list(map(add, self._counts, map(len, columns)))

    def states(self) -> Sequence[int]:
        return self._counts

    @staticmethod
    def merged(one: int, other: int) -> int:
        return one + other


class Sum:
    """Sum, added in the order in which samples come: Python's own `sum` gives other digits from version
    to version.
    """

    name: ClassVar[str] = "sum"

    def __init__(self, groups: int) -> None:
        self._sums = [0.0] * groups

    def single(self, column: Column, ts: int) -> None:
        self._sums = list(map(add, self._sums, column))

    def several(self, columns: Columns, ts: int) -> None:
        self._sums = [
            reduce(add, column, total) for column, total in zip(columns, self._sums, strict=True)
        ]

    def states(self) -> Sequence[float]:
        return self._sums

    @staticmethod
    def merged(one: float, other: float) -> float:
        return one + other


class Min:
    """Lowest value."""

    name: ClassVar[str] = "min"

    def __init__(self, groups: int) -> None:
        self._lowest = [math.inf] * groups

    def single(self, column: Column, ts: int) -> None:
        self._lowest = list(map(min, self._lowest, column))

    def several(self, columns: Columns, ts: int) -> None:
        self.single([min(column) for column in columns], ts)

    def states(self) -> Sequence[float]:
        return self._lowest

    merged = staticmethod(min)


class Max:
    """Highest value."""

    name: ClassVar[str] = "max"

    def __init__(self, groups: int) -> None:
        self._highest = [-math.inf] * groups

    def single(self, column: Column, ts: int) -> None:
        self._highest = list(map(max, self._highest, column))

    def several(self, columns: Columns, ts: int) -> None:
        self.single([max(column) for column in columns], ts)

    def states(self) -> Sequence[float]:
        return self._highest

    merged = staticmethod(max)


class Last:
    """Latest value, and its time."""

    name: ClassVar[str] = "last"

    def __init__(self, groups: int) -> None:
        self._values: Column = [math.nan] * groups
        self._ts = -1

    def single(self, column: Column, ts: int) -> None:
        if ts >= self._ts:
            self._values, self._ts = column, ts

    def several(self, columns: Columns, ts: int) -> None:
        self.single([column[-1] for column in columns], ts)

    def states(self) -> Sequence[list[float]]:
        return [[self._ts, value] for value in self._values]

    @staticmethod
    def merged(one: list[float], other: list[float]) -> list[float]:
        return other if other[0] >= one[0] else one


class Spread:
    """Count, mean, and sum of squared differences from it, by Welford's method."""

    name: ClassVar[str] = "spread"

    def __init__(self, groups: int) -> None:
        self._spreads: list[Moments] = [(0.0, 0.0, 0.0)] * groups

    def single(self, column: Column, ts: int) -> None:
        self._spreads = list(map(_widened, self._spreads, column))

    def several(self, columns: Columns, ts: int) -> None:
        self._spreads = [
            reduce(_widened, column, spread)
            for spread, column in zip(self._spreads, columns, strict=True)
        ]

    def states(self) -> Sequence[Moments]:
        return self._spreads

    @staticmethod
    def merged(one: Moments, other: Moments) -> Moments:
        count = one[0] + other[0]
        apart = other[1] - one[1]
        mean = one[1] + apart * other[0] / count
        return count, mean, one[2] + other[2] + apart * apart * one[0] * other[0] / count


def _widened(spread: Moments, value: float) -> Moments:
    count, mean, squares = spread
    count += 1
    apart = value - mean
    mean += apart / count
    return count, mean, squares + apart * (value - mean)
