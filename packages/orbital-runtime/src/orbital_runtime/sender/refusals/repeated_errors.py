"""Detects that a destination gives the same error to the same chunk again and again. Pure.

Some answer 5xx to data that they will never take, as Prometheus does to two labels of one name. That looks
like an outage, but waiting would not help. The difference is that other samples pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.sender.refusals.answers import is_answer

if TYPE_CHECKING:
    from orbital_runtime.sender.refusals.bisection import Bisection

SERIES: Final = 10
"""Equal answers in a row after which the data is searched for the cause, once."""


class RepeatedErrors:
    """Counts equal answers to one chunk of a lane.

    Args:
        series: Equal answers before a search.
    """

    def __init__(self, series: int = SERIES) -> None:
        self._series = series
        self._last = ("", "")
        """Token and error text of the chunk that failed last."""
        self._count = 0
        self._proven = ""
        """The error text that was last traced to samples: it needs no second series."""

    def suspect(self, token: str) -> str:
        """The error text whose cause is to be searched for in this chunk now; empty: none."""
        failed, words = self._last
        if token != failed or (self._count < self._series and words != self._proven):
            return ""
        self._count = 0
        return words

    def ended(self, bisection: Bisection[Any], error: BaseException | None) -> None:
        """A bisection of a chunk ended; `error` is why part of it waits, if any does."""
        if bisection.suspect:
            self._proven = bisection.suspect if bisection.suspect in bisection.words else ""
        if error is not None:
            failure = (bisection.token, str(error)) if is_answer(error) else ("", "")
            self._count = self._count + 1 if failure[1] and failure == self._last else 1
            self._last = failure
