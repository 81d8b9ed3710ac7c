"""Notices a destination that gives the same answer to the same chunk again and again.

Some answer 5xx to data that they will never take: Prometheus says 500 to two labels of one name. That
looks like an outage, and waiting would not end. What an outage and such data have in common is the
words; what tells them apart is that other samples pass.
"""

from __future__ import annotations

from typing import Final

from orbital_runtime.sender.caller import WriteTimeout
from orbital_sdk import WriterUnavailable

SERIES: Final = 10
"""Equal answers in a row after which the cause is looked for in the data, once."""


class Repeats:
    """Counts equal answers to one chunk."""

    def __init__(self) -> None:
        self._token = ""
        self._words = ""
        self._count = 0
        self._proven = ""

    def due(self, token: str) -> str | None:
        """The words whose cause the next attempt at this chunk shall look for, if it is time for that.

        Words that were traced to samples before need no second series.
        """
        if token != self._token or not (self._count >= SERIES or self._words == self._proven):
            return None
        self._count = 0
        return self._words

    def note(self, token: str, error: BaseException) -> None:
        """An attempt at this chunk ended so."""
        words = str(error) if is_answer(error) else ""
        same = bool(words) and (token, words) == (self._token, self._words)
        self._token, self._words = token if words else "", words
        self._count = self._count + 1 if same else 1

    def looked(self, words: str, *, found: bool) -> None:
        """The cause of these words was looked for, and samples were found guilty or not."""
        self._proven = words if found else ""


def is_answer(error: BaseException) -> bool:
    """Whether the destination said something that can be about the data.

    It did not where it asked to wait, where nothing arrived, and where a foreign error stands behind:
    writers keep the cause of a broken connection, and an answer has none.
    """
    return (
        isinstance(error, WriterUnavailable)
        and not isinstance(error, WriteTimeout)
        and error.sent
        and error.retry_after is None
        and error.__cause__ is None
    )
