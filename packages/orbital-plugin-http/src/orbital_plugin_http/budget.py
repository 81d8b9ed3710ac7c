"""Time for work that a hostile body could make endless: each piece of it asks whether there is some left."""

from __future__ import annotations

import threading
from time import perf_counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator

import contextlib

INLINE: Final = 0.1
"""Seconds that work on the event loop may take."""


class OverBudgetError(Exception):
    """The time is up."""


class _Budget(threading.local):
    until = float("inf")


_budget = _Budget()


@contextlib.contextmanager
def within(seconds: float) -> Generator[None]:
    """What this thread does inside has so much time."""
    _budget.until = perf_counter() + seconds
    try:
        yield
    finally:
        _budget.until = float("inf")


def spend() -> None:
    """Go on, if there is time.

    Raises:
        OverBudgetError: There is none.
    """
    if perf_counter() > _budget.until:
        raise OverBudgetError(
            "the body takes too long to read; make it smaller, or the paths simpler"
        )
