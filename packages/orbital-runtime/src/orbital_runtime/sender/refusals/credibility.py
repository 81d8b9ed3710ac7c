"""Whether refusals are believed: a proxy, a wrong path or a wrong tenant refuses everything.

A chunk that is refused as a whole with one error text is kept until another batch, its witness, shows whether
the samples are the cause: the second and third table of docs/decisions/0011.
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
    """A whole chunk was refused, and there is no other batch yet to compare with.

    Args:
        message: The destination's error text.
        behind: The first number of such a batch.
    """

    def __init__(self, message: str, behind: int) -> None:
        super().__init__(message)
        self.behind = behind


@dataclass(frozen=True, slots=True)
class AskWitness:
    """Action: send any one batch from this number on. The result is a `Witness`, or None if there is no
    batch.
    """

    since: int


class Witness(NamedTuple):
    """A batch of another request, and the answer to it."""

    seq: int
    rows: int
    behind: int
    """The number after a full request from this batch on: where the next witness is taken."""
    answer: WriteAnswer


@dataclass(slots=True)
class _Kept:
    """A chunk that was refused as a whole with one error text."""

    token: str = ""
    words: str = ""
    since: int = 0
    """Where its witness is taken; 0: not known yet."""
    asked: int = 0
    """`behind` of the last witness, if that was refused, too; otherwise 0."""


class Credibility:
    """What is known of an output's destination, for all of its lanes.

    Args:
        newest: The number of a recent batch, if the destination takes old samples: witnesses are recent
            batches then. Otherwise 0: the witness is the next batch in order, and each further one is a
            full request later, so that a long range of bad samples does not block the good ones behind it.
    """

    def __init__(self, newest: Callable[[], int] = lambda: 0) -> None:
        self._newest = newest
        self._kept = _Kept()
        self._proof = "", "", -1
        """Proven error text; the token of the chunk, and the last batch for which it is proven."""

    def doubts(
        self, chunk: Group[R], words: Collection[str], *, understood: bool = False
    ) -> str | None:
        """The error text of this chunk, if it is not proven to be about samples.

        Args:
            chunk: The whole chunk.
            words: Error texts of groups that were refused as a whole.
            understood: Whether some rows were stored, or refused as samples. Earlier proof is void then,
                since a proxy may give the same text later; but an older chunk that is kept is proven.
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
        """Whether this is the kept chunk with the same error text, so that searching it is useless."""
        return (
            (self._kept.token, self._kept.words) == (token(group), answer.reason)
            and answer.refusal not in OF_SAMPLES
            and self.doubts(group, {answer.reason}) is not None
        )

    def ask_others(self, chunk: Group[R], words: str) -> Steps[AskWitness]:
        """Keep this chunk until a witness proves that this error text is about its samples.

        Raises:
            WriterMisconfigured: The witness was refused, too.
            Undecided: There is no witness yet.
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
    """Why the output waits: for a correction if a witness was refused, too, otherwise for a witness."""
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
