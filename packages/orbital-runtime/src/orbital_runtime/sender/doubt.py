"""Tells bad data from a destination that refuses everything (docs/decisions/0011).

A proxy, a wrong path or a wrong tenant may answer 400 to whatever comes. A chunk of which everything is
refused in the same words is in doubt, until another sample shows whether it is the chunk: one that is taken,
or refused in other words. There is no doubt where the destination showed that it understands samples: it took
some of the chunk, or the class of a refusal says that it speaks of samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_runtime.buffer.model.chunk import Chunk
from orbital_runtime.sender.groups import name, newest
from orbital_sdk import WriteError, WriterMisconfigured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_runtime.buffer.contract import Buffer
    from orbital_runtime.buffer.model.chunk import Entry
    from orbital_runtime.sender.bisect import Isolation
    from orbital_runtime.sender.policy import Output


class Undecided(WriterMisconfigured):
    """All of a chunk was refused, and there is nothing else yet that could show whether it is the chunk.

    Args:
        message: What the destination said.
        behind: The first number of what could.
    """

    def __init__(self, message: str, behind: int) -> None:
        super().__init__(message)
        self.behind = behind


class Doubt:
    """What is known of one output, whose lanes share it.

    Args:
        output: Name, writer and policy.
        buffer: Where other samples come from.
    """

    def __init__(self, output: Output, buffer: Buffer) -> None:
        self._output = output
        self._buffer = buffer
        self._kept = ("", "")
        self._since = self._next = self._asked = 0
        """Where a witness is looked for; what is behind it; what is behind one that was refused as well."""
        self._proven = ("", 0)
        """Words that are about samples, and the batch behind them that showed it."""
        self._cleared = ("", "")
        """The same as kept: newer samples were taken while it was."""

    def falls_on(self, isolation: Isolation) -> bool:
        """Whether to keep what was refused."""
        if not isolation.entries:
            return False  # stale markers only, and nobody wanted them
        last = isolation.entries[-1].seq
        if isolation.understood:
            if self._kept[0] and newest(self._kept[0]) < last:
                self._cleared = self._kept
            self._proven = ("", 0)
        if isolation.understood or isolation.vouched:
            self._kept, self._asked = ("", ""), 0
            return False
        if len(isolation.words) != 1:
            return False
        (words,) = isolation.words
        known = (name([entry.seq for entry in isolation.entries]), words) == self._cleared
        return not known and (words != self._proven[0] or last > self._proven[1])

    def keep(self, token: str, words: str) -> None:
        """This chunk is kept, of which everything is refused in these words."""
        if self._kept != (token, words):
            self._kept, self._asked, self._since = (token, words), 0, 0

    def keeps(self, token: str, words: str) -> bool:
        """Whether this is known: the search in the chunk can be spared."""
        return self._kept == (token, words)

    async def witness(self, entries: Sequence[Entry]) -> Chunk | None:
        """One batch that was not asked about yet, to ask about; None: there is none.

        Where the destination takes old samples it is one of the newest. Else it is the next in order, and at
        each further look one that is a full request further on, so that no long stretch of bad samples holds
        up what is good behind it.
        """
        if self._output.writer.takes_old_samples:
            self._since = self._since or self._buffer.edge(self._output.policy.flush_interval)
        self._since = max(entries[-1].seq + 1, self._asked, self._since)
        return await self._first(self._since)

    async def _first(self, since: int) -> Chunk | None:
        policy, stale = self._output.policy, self._output.writer.takes_stale_markers
        while chunk := await self._buffer.read(
            self._output.name, samples=policy.batch_size, size=policy.batch_bytes, since=since
        ):
            since = chunk.entries[-1].seq + 1
            chosen = next((e for e in chunk.entries if stale or not e.batch.stale), None)
            rest = tuple(entry for entry in chunk.entries if entry is not chosen)
            self._buffer.release(Chunk(chunk.output, rest, sum(e.batch.samples for e in rest)))
            if chosen:
                self._next = since
                return Chunk(chunk.output, (chosen,), chosen.batch.samples)
        return None

    def heard(self, witness: Chunk, *, tells: bool) -> None:
        """Whether this one shows that the samples before it are bad; else it was refused as they were."""
        if tells:
            self._proven = self._kept[1], witness.entries[-1].seq
        else:
            self._asked, self._since = self._next, 0

    def reason(self, words: str) -> WriteError:
        """Why the output waits: for a person where others were refused, too, else for others."""
        if self._asked:
            return WriterMisconfigured(
                "every sample is refused in the same words, so it may not be the samples; look at this"
                f" output's address and settings, and at proxies on the way: {words}"
            )
        return Undecided(
            "all samples so far were refused in the same words; others have to show whether it is"
            f" because of the samples: {words}",
            self._since,
        )
