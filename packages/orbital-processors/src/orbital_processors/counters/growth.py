"""What a counter grew by, though it may have begun anew or wrapped."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    Growth: TypeAlias = Callable[[float, float, bool | None], float]
    """Of the value before, the value now, and whether the device restarted (None: unknown)."""

TURN: Final = 1 << 32
HALF: Final = 1 << 31


class Last:
    """The sample before of one series."""

    __slots__ = ("__weakref__", "ts", "value")

    def __init__(self) -> None:
        self.ts = -math.inf
        self.value = math.nan


def grown(before: float, value: float, restarted: bool | None) -> float:  # noqa: FBT001 (three states, and hot)
    """What a counter grew by.

    One that began anew grew by its value, as in Prometheus. One that fell though the device did not
    restart wrapped
    at 2^32 if it then grew by less than half of that; else it began anew.
    """
    if restarted:
        return value
    if value >= before:
        return value - before
    if restarted is False and before < TURN and TURN - before + value < HALF:
        return TURN - before + value
    return value


def changed(before: float, value: float, _: bool | None) -> float:  # noqa: FBT001 (as above)
    """The difference, whatever its sign."""
    return value - before
