"""One attempt at a chunk: offer it, find what the destination refuses, settle."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from orbital_runtime.buffer.model.chunk import runs
from orbital_runtime.sender.bisect import Isolation, refused_rows
from orbital_runtime.sender.groups import name, rows, whole
from orbital_runtime.sender.refusals import may_be_stored, tells
from orbital_runtime.sender.repeats import Repeats
from orbital_sdk import NotWritten, Written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_runtime.buffer.contract import Buffer
    from orbital_runtime.buffer.model.chunk import Chunk, Entry
    from orbital_runtime.sender.doubt import Doubt
    from orbital_runtime.sender.policy import Output
    from orbital_runtime.sender.request import Requests
    from orbital_runtime.sender.settling import Settlement
    from orbital_runtime.sender.status import Tally
    from orbital_sdk import Batch, WriteAnswer


class Attempts:
    """Makes attempts at the chunks of one lane, and keeps in mind how they ended.

    Args:
        output: Name, writer and policy.
        buffer: Where the chunks come from.
        tally: Counts of the output.
        requests: Makes its requests.
        settlement: Settles what comes of them.
        doubt: What is known of the destination. All of these are shared by the lanes of an output.
    """

    def __init__(
        self,
        output: Output,
        buffer: Buffer,
        *,
        tally: Tally,
        requests: Requests,
        settlement: Settlement,
        doubt: Doubt,
    ) -> None:
        self._output = output
        self._buffer = buffer
        self._tally = tally
        self._requests = requests
        self._settlement = settlement
        self._doubt = doubt
        self._repeats = Repeats()
        self._whole = ""
        self.too_large: int | None = None
        """Rows of the smallest group that the destination found too large at the last attempt."""
        self.left: Chunk | None = None
        """What has to come again as it is, under the same token; the buffer has it back."""

    async def make(self, chunk: Chunk, failures: int) -> None:
        """Deliver a chunk. What is delivered or refused is acknowledged, also before an error.

        Args:
            chunk: In flight.
            failures: Attempts that failed in a row before this one.

        Raises:
            WriteError, ConfigurationError: The rest was released.
        """
        tally, stale = self._tally, self._output.writer.takes_stale_markers
        entries = [entry for entry in chunk.entries if stale or not entry.batch.stale]
        first = entries[0].seq if entries else 0
        tally.retries += first in tally.attempted
        number = max(2, failures + 1) if first in tally.tried else 1
        self._whole = _token(entries)
        requests, suspect = self._output.policy.bisect_requests, self._repeats.due(self._whole)
        isolation = Isolation(entries, tried=tally.tried, requests=requests, suspect=suspect)
        error: BaseException | None = None
        try:
            await isolation.run(partial(self._offer, isolation, number))
            if self._doubt.falls_on(isolation):
                await self._doubtful(isolation, next(iter(isolation.words)))
        except BaseException as raised:
            error = raised
            raise
        finally:
            self._learn(isolation, error)
            self.left = await self._settlement.settle(chunk, isolation.left, isolation.refused)
            if self.left and isolation.may_regroup:
                self.left = None

    async def _offer(
        self, isolation: Isolation, number: int, batches: Sequence[Batch], token: str
    ) -> WriteAnswer:
        answer = await self._requests.send(batches, number, token)
        if (
            isinstance(answer, NotWritten)
            and token == self._whole
            and self._doubt.keeps(token, answer.reason)
        ):
            await self._doubtful(isolation, answer.reason)  # no search before others pass
        return answer

    async def _doubtful(self, isolation: Isolation, words: str) -> None:
        """All of it was refused in these words: ask about another batch.

        Raises:
            WriterMisconfigured, Undecided: That does not show that it is because of the samples.
            WriteError, ConfigurationError: It failed otherwise.
        """
        self._doubt.keep(self._whole, words)
        isolation.vouched = await self._witness(isolation.entries, words)
        if not isolation.vouched:
            raise self._doubt.reason(words)

    async def _witness(self, entries: Sequence[Entry], words: str) -> bool:
        """Whether another batch is taken, or refused in a way that only one who understands samples has."""
        while other := await self._doubt.witness(entries):
            answer, group = await self._ask(other), whole(other.entries)
            told = tells(answer, words, rows(group))
            if isinstance(answer, Written):
                refused = refused_rows(group, answer, self._tally.tried)
                await self._settlement.settle(other, (), refused)
                if not told:
                    continue  # its writer refused all of it, and the destination was not asked
            else:
                self._buffer.release(other)
            self._doubt.heard(other, tells=told)
            return told
        return False

    async def _ask(self, other: Chunk) -> WriteAnswer:
        pieces, batches = runs(other.entries), [entry.batch for entry in other.entries]
        number = 2 if other.entries[0].seq in self._tally.tried else 1
        try:
            return await self._requests.send(batches, number, _token(other.entries))
        except BaseException as error:
            self._tally.failed(pieces, unknown=pieces if may_be_stored(error) else [])
            self._buffer.release(other)
            raise

    def _learn(self, isolation: Isolation, error: BaseException | None) -> None:
        """Keep in mind what this attempt showed, and take back refusals that are in doubt."""
        self._repeats.learn(self._whole, isolation.suspicion, error)
        failed, self.too_large = isolation.failed, isolation.too_large
        if self._doubt.falls_on(isolation):
            isolation.withdraw()
            failed, self.too_large = runs(isolation.entries), None
        self._tally.failed(failed, unknown=isolation.unknown)


def _token(entries: Sequence[Entry]) -> str:
    """Names these batches, as the request of all of them is named."""
    return name([entry.seq for entry in entries]) if entries else ""
