"""What a writer answers: what it stored, and what its destination refused.

An answer says what is known. Where nothing is known, since nobody answered, `write` raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal

from orbital_sdk.secrecy import scrub

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_sdk.contract.batch import Batch


class Refusal(StrEnum):
    """What may be concluded from a refusal. The set is closed: the agent goes on in another way for each."""

    BAD = "bad"
    """It speaks of the samples for certain (too old, a bad label). They become dead letters."""
    THERE = "there"
    """The destination has these samples, or newer ones of their series. What an earlier attempt may have
    stored counts as delivered; all else becomes dead letters."""
    DOUBTFUL = "doubtful"
    """The request was refused, and that may be somebody else's word: a proxy's, or of a wrong address. All
    is kept until other samples show that it is about these."""
    TOO_LARGE = "too_large"
    """Smaller requests are wanted (413). Sent again in halves."""


OF_A_SAMPLE: Final = frozenset({Refusal.BAD, Refusal.THERE})
"""What can be said of a single sample."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One sample that the destination refused."""

    batch: int
    """Which one of the call, from 0."""
    row: int
    """Which one of the batch, from 0."""
    reason: str
    """The destination's words, for people."""
    refusal: Literal[Refusal.BAD, Refusal.THERE] = Refusal.BAD

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", scrub(self.reason))


@dataclass(frozen=True, slots=True)
class Written:
    """All samples of the call are stored, but for those that are named as refused."""

    bytes: int
    """Put on the wire; 0 where the destination was not asked."""
    refused: Sequence[Refused] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "refused", tuple(self.refused))


@dataclass(frozen=True, slots=True)
class NotWritten:
    """The destination took nothing of the call, and did not say which samples are to blame.

    The agent cuts the call into halves until they are alone.
    """

    reason: str
    """The destination's words, for people: the same ones for the same cause."""
    refusal: Refusal

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", scrub(self.reason))


WriteAnswer = Written | NotWritten
"""What `write` may give."""


def misfit(answer: Any, batches: Sequence[Batch]) -> str:
    """What is wrong with what `write` gave for these batches, in words for its author; empty if nothing."""
    match answer:
        case Written(bytes=size) if type(size) is not int or size < 0:
            return f"gave {answer!r}; `bytes` is how many went out"
        case Written(refused=refused):
            return next(filter(None, (_misfit(one, batches) for one in refused)), "")
        case NotWritten(refusal=refusal):
            known = isinstance(refusal, Refusal)  # pyright: ignore[reportUnnecessaryIsInstance] (an author may give anything)
            return "" if known else f"gave {answer!r}; `refusal` is one of Refusal"
        case _:
            return f"gave {answer!r}; return Written(bytes) or NotWritten(reason, refusal)"


def _misfit(one: Refused, batches: Sequence[Batch]) -> str:
    if not (0 <= one.batch < len(batches) and 0 <= one.row < len(batches[one.batch])):
        return f"gave {one!r}, which names no sample of the call; batch and row count from 0"
    if one.refusal not in OF_A_SAMPLE:
        return f"gave {one!r}; of a single sample it says Refusal.BAD or Refusal.THERE"
    return ""
