"""Tells bad data from a destination that refuses everything (docs/decisions/0011).

A proxy, a wrong path or a wrong tenant may answer 400 to whatever comes. A chunk of which everything is
refused in the same words is kept, and the output pauses, if

* nothing was taken since the output started (it was added, its settings changed, the agent started), or
* it is the third such chunk in a row.

There is no doubt where the destination showed that it understands samples: it took some, named the bad
ones, or the writer is certain of its words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_sdk import WriterMisconfigured

if TYPE_CHECKING:
    from orbital_runtime.sender.bisect import Isolation

CHUNKS: Final = 3
"""Chunks in a row that are refused whole before an output that worked is paused."""


class Doubt:
    """What is known of one output since it started."""

    def __init__(self) -> None:
        self._trusted = False
        self._words = ""
        self._in_a_row = 0
        self._kept = ("", "")

    def falls_on(self, isolation: Isolation, *, ended: bool) -> bool:
        """Whether to keep what was refused.

        Args:
            isolation: The attempt.
            ended: Whether it came to its end. If not, its refusals may still turn out to be all there is.
        """
        if isolation.understood:
            self._trusted, self._in_a_row, self._kept = True, 0, ("", "")
            return False
        if len(isolation.words) > 1 and ended:
            self._in_a_row = 0
        if len(isolation.words) != 1:
            return False
        if not ended:
            return not self._trusted
        (words,) = isolation.words
        self._in_a_row = self._in_a_row + 1 if words == self._words else 1
        self._words = words
        return not self._trusted or self._in_a_row >= CHUNKS

    def keep(self, token: str) -> None:
        """Remember this chunk, of which everything is refused."""
        self._kept = token, self._words

    def keeps(self, token: str) -> bool:
        """Whether this chunk is the one that is kept."""
        return token == self._kept[0]

    def again(self, token: str, words: str) -> WriterMisconfigured | None:
        """Spare the search where the kept chunk is refused again in the same words."""
        return self.reason() if (token, words) == self._kept else None

    def reason(self) -> WriterMisconfigured:
        """Why the output is paused."""
        return WriterMisconfigured(
            "every sample is refused in the same words, so it may not be the samples; look at this"
            f" output's address and settings, and at proxies on the way: {self._words}"
        )
