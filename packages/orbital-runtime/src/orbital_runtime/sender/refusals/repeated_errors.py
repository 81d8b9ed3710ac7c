"""Detects that a destination gives the same error to the same chunk again and again. Pure.

Some answer 5xx to data that they will never take, as Prometheus does to two labels of one name. That looks
like an outage, but waiting would not help. The difference is that other samples pass.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.sender.refusals.answers import is_answer
from orbital_runtime.sender.refusals.groups import token

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_runtime.sender.refusals.bisection import Bisection
    from orbital_runtime.sender.refusals.groups import Group

SERIES: Final = 10
"""Equal answers in a row after which the data is searched for the cause, once."""


def is_same(words: str, error: BaseException) -> bool:
    """Whether the error is an answer with this text."""
    return str(error) == words and is_answer(error)


class RepeatedErrors:
    """Counts equal answers to one chunk of a lane."""

    def __init__(self) -> None:
        self._last = ("", "")
        """Token and error text of the chunk that failed last."""
        self._count = 0
        self._proven = ""
        """The error text that was last traced to samples: it needs no second series."""

    def suspect(self, chunk: Group[Any]) -> Callable[[BaseException], bool] | None:
        """The error whose cause is to be searched for in this chunk now: see `Bisection`. None: no error."""
        failed, words = self._last
        if not words or token(chunk) != failed or (self._count < SERIES and words != self._proven):
            return None
        self._count = 0
        return partial(is_same, words)

    def ended(self, bisection: Bisection[Any], error: BaseException | None) -> None:
        """A bisection of a chunk ended; `error` is why part of it waits, if any does."""
        if bisection.suspect is not None:
            words = self._last[1]
            self._proven = words if words in bisection.words else ""
        if error is not None:
            failure = (token(bisection.group), str(error)) if is_answer(error) else ("", "")
            self._count = self._count + 1 if failure[1] and failure == self._last else 1
            self._last = failure
