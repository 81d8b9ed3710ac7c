"""Quantiles by DDSketch (Masson et al., 2019): within 1 % of a value that came, and merged without loss.

Values are counted in bins whose bounds grow by a constant factor. Bins that hold nothing take no memory,
so a sketch never
has more of them than values came.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Bins: TypeAlias = Sequence[Sequence[int]]
    """Number and count of each bin, in any order."""

ACCURACY: Final = 0.01
_GROWTH: Final = math.log((1 + ACCURACY) / (1 - ACCURACY))
"""Logarithm of the factor between two bounds."""
_MIDDLE: Final = math.log(2 / (1 + math.exp(_GROWTH)))
"""What leads from the upper bound of a bin to the value that is as near to both bounds, relatively."""
_SHIFT: Final = 40_000
"""Makes the numbers of bins of all positive doubles positive; those of negative values have the minus."""
_INFINITE: Final = 2 * _SHIFT
_LARGEST: Final = math.log(math.nextafter(math.inf, 0))


def bin_of(value: float) -> int:
    """Number of the bin of a value."""
    if value == 0:
        return 0
    size = abs(value)
    number = _INFINITE if size == math.inf else math.ceil(math.log(size) / _GROWTH) + _SHIFT
    return number if value > 0 else -number


def value_of(number: int) -> float:
    """The value that stands for a bin."""
    if number == 0:
        return 0.0
    at = abs(number)
    log = (at - _SHIFT) * _GROWTH + _MIDDLE
    size = math.inf if at == _INFINITE else math.exp(min(log, _LARGEST))
    return math.copysign(size, number)


def quantile(bins: Bins, phi: float) -> float:
    """The value of which the part `phi` (0 to 1) of all values is not above."""
    rank = phi * (sum([count for _, count in bins]) - 1)
    below = 0
    for number, count in sorted(
        [(number, count) for number, count in bins]
    ):  # by number, and so by value
        below += count
        if below > rank:
            return value_of(number)
    return math.nan


class Sketches:
    """A fold: a sketch for each group."""

    name: ClassVar[str] = "sketch"

    def __init__(self, groups: int) -> None:
        self._bins = [Counter[int]() for _ in range(groups)]

    def single(self, column: Iterable[float], ts: int) -> None:
        for bins, value in zip(self._bins, column, strict=True):
            bins[bin_of(value)] += 1

    def several(self, columns: Iterable[Iterable[float]], ts: int) -> None:
        for bins, column in zip(self._bins, columns, strict=True):
            bins.update(map(bin_of, column))

    def states(self) -> Sequence[Bins]:
        return [list(bins.items()) for bins in self._bins]

    @staticmethod
    def merged(one: Bins, other: Bins) -> Bins:
        both = Counter(dict[int, int]([(number, count) for number, count in one]))
        both.update(dict[int, int]([(number, count) for number, count in other]))
        return list(both.items())
