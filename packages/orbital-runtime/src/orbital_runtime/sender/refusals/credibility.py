"""What is known of a destination that may refuse everything: a proxy, a wrong path, a wrong tenant.

A chunk of which all is refused in the same words is kept, until another batch, its witness, shows whether it
is the chunk: the second table of docs/decisions/0011.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from orbital_runtime.sender.refusals.answers import OF_SAMPLES, proves
from orbital_runtime.sender.refusals.groups import newest, token
from orbital_sdk import NotWritten, WriteError, WriterMisconfigured

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from orbital_runtime.sender.refusals.groups import Group, R
    from orbital_runtime.sender.refusals.steps import Steps
    from orbital_sdk import WriteAnswer


class Undecided(WriterMisconfigured):
    """All of a chunk was refused, and there is nothing else yet that could show whether it is the chunk.

    Args:
        message: What the destination said.
        behind: The first number of what could.
    """

    def __init__(self, message: str, behind: int) -> None:
        super().__init__(message)
        self.behind = behind


@dataclass(frozen=True, slots=True)
class AskWitness:
    """Send one batch, whatever it is, from this number on. The answer is a `Witness`; None: there is none."""

    since: int


class Witness(NamedTuple):
    """The batch that was sent."""

    seq: int
    rows: int
    behind: int
    """Where the next one is looked for: a full request further on."""
    answer: WriteAnswer


@dataclass(slots=True)
class _Kept:
    """A chunk of which all is refused in these words."""

    token: str = ""
    words: str = ""
    since: int = 0
    """Where its witness is looked for; 0: not known yet."""
    asked: int = 0
    """What is behind the last witness, which was refused as well; 0: none was."""


class Credibility:
    """What is known of one output's destination, in all of its lanes.

    Args:
        newest: Gives the number of a batch that was just collected, where the destination takes old samples:
            its witness is one of the newest. Else 0: it is the next in order, and at each further look one
            that is a full request further on, so that no long stretch of bad samples holds up what is good
            behind it.
    """

    def __init__(self, newest: Callable[[], int] = lambda: 0) -> None:
        self._newest = newest
        self._kept = _Kept()
        self._proof = "", "", -1
        """Words that are about samples: of which chunk, and of all batches up to which one."""

    def doubts(
        self, chunk: Group[R], words: Collection[str], *, understood: bool = False
    ) -> str | None:
        """The words in which this chunk was refused, if nothing shows that they are about its samples.

        Args:
            chunk: All of it.
            words: In which groups of it were refused.
            understood: Whether some of it was taken, or refused as samples are. Words that were proven may
                be a proxy's from then on, but for those about an older chunk that is kept meanwhile.
        """
        if understood:
            kept = self._kept
            older = kept.token and newest(kept.token) < chunk[-1].seq
            self._proof = (kept.words, kept.token, -1) if older else ("", "", -1)
        if understood or len(words) != 1:
            return None
        (one,) = words
        proven, of, last = self._proof
        known = one == proven and (token(chunk) == of or chunk[-1].seq <= last)
        return None if known else one

    def keeps(self, group: Group[R], answer: NotWritten) -> bool:
        """Whether this is the chunk that is kept, and why: a search in it shows nothing new."""
        return (
            (self._kept.token, self._kept.words) == (token(group), answer.reason)
            and answer.refusal not in OF_SAMPLES
            and self.doubts(group, {answer.reason}) is not None
        )

    def ask_others(self, chunk: Group[R], words: str) -> Steps[AskWitness]:
        """Keep this chunk, refused in these words, until a witness shows that it is because of its samples.

        Raises:
            WriterMisconfigured, Undecided: None does.
        """
        kept = self._kept
        if (kept.token, kept.words) != (token(chunk), words):
            kept = self._kept = _Kept(token(chunk), words)
        while True:
            kept.since = max(chunk[-1].seq + 1, kept.asked, kept.since or self._newest())
            witness: Witness | None = yield AskWitness(kept.since)
            if witness is None:
                raise _reason(kept)
            if proves(witness.answer, words, witness.rows):
                self._proof = words, kept.token, witness.seq
                return
            if isinstance(witness.answer, NotWritten):
                kept.since, kept.asked = 0, witness.behind
                raise _reason(kept)


def _reason(kept: _Kept) -> WriteError:
    """Why the output waits: for a person where a witness was refused, too, else for a witness."""
    if kept.asked:
        return WriterMisconfigured(
            "every sample is refused in the same words, so it may not be the samples; look at this"
            f" output's address and settings, and at proxies on the way: {kept.words}"
        )
    return Undecided(
        "all samples so far were refused in the same words; others have to show whether it is"
        f" because of the samples: {kept.words}",
        kept.since,
    )
