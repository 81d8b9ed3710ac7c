"""Whether refusals are believed: a proxy, a wrong path or a wrong tenant refuses everything.

A chunk that is refused as a whole with one error text is kept until another batch, its witness, shows whether
the samples are the cause: the second and third table of docs/decisions/0011.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from orbital_runtime.sender.refusals.answers import proves
from orbital_sdk import NotWritten, WriteError, WriterMisconfigured
from orbital_sdk.contract.written import OF_A_SAMPLE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orbital_runtime.sender.refusals.bisection import Bisection
    from orbital_runtime.sender.refusals.groups import Group, R
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

    words: str = ""
    last: int = -1
    """Its last batch."""
    since: int = 0
    """Where its witness is taken; 0: not known yet."""
    asked: int = 0
    """`behind` of the last witness, if that was refused, too; otherwise 0."""


class Credibility:
    """What is known of an output's destination, for all of its lanes.

    Args:
        ask: Sends any one batch from this number on; None if there is no batch.
        newest: The number of a recent batch, if the destination takes old samples: witnesses are recent
            batches then. Otherwise 0: the witness is the next batch in order, and each further one is a
            full request later, so that a long range of bad samples does not block the good ones behind it.
    """

    def __init__(
        self,
        ask: Callable[[int], Awaitable[Witness | None]],
        newest: Callable[[], int] = lambda: 0,
    ) -> None:
        self._ask = ask
        self._newest = newest
        self._kept = _Kept()
        self._proof = "", range(0)
        """Proven error text, and the last batches of the chunks for which it is proven."""

    async def deliver(
        self, chunk: Bisection[R], send: Callable[[Group[R]], Awaitable[WriteAnswer]]
    ) -> None:
        """Run a bisection. Its refusals are withdrawn if they are not believed.

        Raises:
            WriterMisconfigured: The chunk was refused, and its witness, too.
            Undecided: The chunk was refused, and there is no witness yet.
            BaseException: Raised by `send` or `ask`.
        """
        try:
            await chunk.run(partial(self._send, chunk, send))
            if self._doubts(chunk):
                await self._ask_others(chunk, *chunk.words)
        except BaseException:
            if self._doubts(chunk):
                chunk.withdraw()
            raise

    async def _send(
        self,
        chunk: Bisection[R],
        send: Callable[[Group[R]], Awaitable[WriteAnswer]],
        group: Group[R],
    ) -> WriteAnswer:
        """Send a group. The kept chunk is not searched before a witness proves its error text."""
        answer = await send(group)
        if (
            group is chunk.group
            and isinstance(answer, NotWritten)
            and answer.refusal not in OF_A_SAMPLE
            and self._keeps(chunk, answer.reason)
            and not self._is_proven(chunk, answer.reason)
        ):
            await self._ask_others(chunk, answer.reason)
        return answer

    def _doubts(self, chunk: Bisection[R]) -> bool:
        """Whether the refusals may not be about the samples. They are if some rows were stored, or refused as
        samples: then earlier proof is void, since a proxy may give the same text later, but an older chunk
        that is kept is proven.
        """
        if chunk.understood:
            kept = self._kept
            older = range(kept.last, kept.last + 1) if kept.last < _last(chunk) else range(0)
            self._proof = kept.words, older
            return False
        return len(chunk.words) == 1 and not self._is_proven(chunk, *chunk.words)

    def _keeps(self, chunk: Bisection[R], words: str) -> bool:
        return (self._kept.words, self._kept.last) == (words, _last(chunk))

    def _is_proven(self, chunk: Bisection[R], words: str) -> bool:
        proven, of = self._proof
        return words == proven and _last(chunk) in of

    async def _ask_others(self, chunk: Bisection[R], words: str) -> None:
        """Keep this chunk until a witness proves that this error text is about its samples."""
        if not self._keeps(chunk, words):
            self._kept = _Kept(words, _last(chunk))
        kept = self._kept
        while True:
            kept.since = max(kept.last + 1, kept.asked, kept.since or self._newest())
            witness = await self._ask(kept.since)
            if witness is None:
                raise _reason(kept)
            if proves(witness.answer, words, witness.rows):
                self._proof = words, range(witness.seq + 1)
                return
            if isinstance(witness.answer, NotWritten):
                kept.since, kept.asked = 0, witness.behind
                raise _reason(kept)


def _last(chunk: Bisection[Any]) -> int:
    return chunk.group[-1].seq


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
