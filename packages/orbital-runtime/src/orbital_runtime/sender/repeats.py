"""Notices a destination that gives the same answer to the same chunk again and again, and finds its cause.

Some answer 5xx to data that they will never take: Prometheus says 500 to two labels of one name. That
looks like an outage, and waiting would not end. What an outage and such data have in common is the
words; what tells them apart is that other samples pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_runtime.sender.groups import token
from orbital_runtime.sender.refusals import is_answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_runtime.sender.groups import Group

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

    def learn(self, token: str, suspicion: Suspicion, error: BaseException | None) -> None:
        """How an attempt at this chunk ended."""
        if suspicion.words is not None:
            self._proven = suspicion.words if suspicion.found else ""
        if error is not None:
            self._note(token, str(error) if is_answer(error) else "")

    def _note(self, token: str, words: str) -> None:
        same = bool(words) and (token, words) == (self._token, self._words)
        self._token, self._words = token if words else "", words
        self._count = self._count + 1 if same else 1


class Suspicion:
    """The search for what gets an answer of an outage that may not be one.

    A row that gets it alone is guilty if it gets it again after another request passed; so nobody is in an
    outage, also not in one that begins or ends meanwhile.

    Args:
        words: The answer; None: there is none to look for.
        rows: How many are searched.
    """

    def __init__(self, words: str | None, rows: int) -> None:
        self.words = words
        self.found = False
        """Whether rows are guilty."""
        self._in_a_row = 0
        self._most_in_a_row = 2 * rows.bit_length()
        self._alone: list[Group] = []
        self._accused: set[str] = set()
        self._answer: BaseException | None = None

    def meets(self, error: BaseException) -> bool:
        """Whether this is the answer, and not yet so often in a row that it is an outage."""
        self._in_a_row += 1
        known = self.words is not None and is_answer(error) and str(error) == self.words
        return known and self._in_a_row <= self._most_in_a_row

    def convicts(self, alone: Group, answer: BaseException) -> bool:
        """Whether this row, which got the answer alone, is guilty; else it waits for another to pass."""
        if token(alone) in self._accused:
            self.found = True
            return True
        self._alone.append(alone)
        self._answer = answer
        return False

    def passed(self) -> Sequence[Group]:
        """The destination works: gives what is to be asked about once more."""
        self._in_a_row = 0
        self._accused.update(map(token, self._alone))
        again, self._alone = self._alone, []
        return again

    @property
    def waiting(self) -> tuple[Group, BaseException] | None:
        """The last row that got the answer alone and waits for another to pass, and the answer."""
        return (self._alone[-1], self._answer) if self._alone and self._answer else None
