"""One attempt at a chunk: call the writer, find what the destination refuses, settle with the buffer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from orbital_runtime.buffer import Chunk, DeadLetter
from orbital_runtime.buffer.reading import runs
from orbital_runtime.guard.escape import origin
from orbital_runtime.sender.bisect import Isolation, may_be_stored
from orbital_runtime.sender.caller import WriteTimeout
from orbital_runtime.sender.doubt import tells
from orbital_runtime.sender.groups import name, newest
from orbital_runtime.sender.repeats import Repeats
from orbital_sdk import (
    Attempt,
    BatchRejected,
    BatchTooLarge,
    ConfigurationError,
    WriteError,
    WriterMisconfigured,
    WriterUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orbital_runtime.buffer import Buffer, Entry
    from orbital_runtime.clock import Clock
    from orbital_runtime.sender.bisect import Refused
    from orbital_runtime.sender.caller import Caller
    from orbital_runtime.sender.doubt import Doubt
    from orbital_runtime.sender.policy import Output
    from orbital_runtime.sender.status import Tally
    from orbital_sdk import Batch, Reject

logger = logging.getLogger(__name__)


class WriterBug(WriterUnavailable):
    """The writer raised what no writer should. Its samples are kept and tried again."""


class Attempts:
    """Makes attempts at the chunks of one lane, and keeps count.

    Args:
        output: Name, writer and policy.
        buffer: Where the chunks come from.
        clock: For stamps.
        tally: Counts of the output.
        caller: Calls its writer, one write at a time.
        doubt: What is known of the destination, which its lanes share.
    """

    def __init__(
        self,
        output: Output,
        buffer: Buffer,
        *,
        clock: Clock,
        tally: Tally,
        caller: Caller,
        doubt: Doubt,
    ) -> None:
        self._output = output
        self._buffer = buffer
        self._clock = clock
        self._tally = tally
        self._said: dict[str, str] = {}
        self.too_large: int | None = None
        """Rows of the smallest group that the destination found too large at the last attempt."""
        self.left: Chunk | None = None
        """What has to come again as it is, under the same token; the buffer has it back."""
        self._whole = ""
        self._caller = caller
        self._doubt = doubt
        self._repeats = Repeats()

    async def make(self, chunk: Chunk, failures: int) -> None:
        """Deliver a chunk. What is delivered or refused is acknowledged, also before an error.

        Args:
            chunk: In flight.
            failures: Attempts that failed in a row before this one.

        Raises:
            WriteError, ConfigurationError: The rest was released.
        """
        tally, writer = self._tally, self._output.writer
        stale = writer.takes_stale_markers
        entries = [entry for entry in chunk.entries if stale or not entry.batch.stale]
        first = entries[0].seq if entries else 0
        tally.retries += first in tally.attempted
        number = max(2, failures + 1) if first in tally.tried else 1
        self._whole = token(entries)
        requests, suspect = self._output.policy.bisect_requests, self._repeats.due(self._whole)
        isolation = Isolation(entries, tried=tally.tried, requests=requests, suspect=suspect)
        error: BaseException | None = None

        async def send(batches: Sequence[Batch], rows: str) -> None:
            try:
                await self._send(batches, number, rows)
            except (BatchRejected, BatchTooLarge) as refusal:
                if rows == self._whole and self._doubt.keeps(rows, str(refusal)):
                    await self._doubtful(isolation, str(refusal))  # no search before others pass
                raise

        try:
            await isolation.run(send)
            if self._doubt.falls_on(isolation):
                await self._doubtful(isolation, next(iter(isolation.words)))
        except BaseException as raised:
            error = raised
            raise
        finally:
            self._learn(isolation, entries, error)
            await self._settle(chunk, isolation)
            if self.left and self._may_regroup(isolation):
                self.left = None

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
        other = await self._doubt.witness(entries)
        if other is None:
            return False
        pieces, batches = runs(other.entries), [entry.batch for entry in other.entries]
        number = 2 if other.entries[0].seq in self._tally.tried else 1
        try:
            await self._send(batches, number, token(other.entries))
        except (BatchRejected, BatchTooLarge) as error:
            self._buffer.release(other)
            understood = tells(error, words, sum(map(len, batches)))
            self._doubt.heard(other, tells=understood)
            return understood
        except BaseException as error:
            self._tally.failed(pieces, unknown=pieces if may_be_stored(error) else [])
            self._buffer.release(other)
            raise
        await self._acknowledge(other, ())
        self._doubt.heard(other, tells=True)
        return True

    def _learn(
        self, isolation: Isolation, entries: Sequence[Entry], error: BaseException | None
    ) -> None:
        """Keep in mind what this attempt showed, and take back refusals that are in doubt."""
        tally = self._tally
        if isolation.suspect is not None:
            self._repeats.looked(isolation.suspect, found=isolation.found)
        if error is not None:
            self._repeats.note(self._whole, error)
        doubtful = self._doubt.falls_on(isolation)
        if doubtful:
            isolation.withdraw()
        tally.failed(runs(entries) if doubtful else isolation.failed, unknown=isolation.unknown)
        self.too_large = None if doubtful else isolation.too_large

    def _may_regroup(self, isolation: Isolation) -> bool:
        """Whether what is left may be read together with newer samples, which may tell more."""
        looked = isolation.suspect is not None
        return looked and (isolation.understood or isolation.undecided)

    async def _send(self, batches: Sequence[Batch], number: int, rows: str) -> None:
        attempt = Attempt(number, f"{self._buffer.name(newest(rows))}:{rows}")
        self._tally.requests += 1
        try:
            size = await self._caller.write(batches, attempt, self._output.policy.timeout)
        except (WriteError, ConfigurationError) as error:
            if isinstance(error, BatchRejected) and not _were_given(batches, error.rejects):
                raise self._bug(error) from error
            self._note(error)
            raise
        except Exception as error:
            raise self._bug(error) from error
        self._tally.bytes += size if isinstance(size, int) else 0  # pyright: ignore[reportUnnecessaryIsInstance] (an author may forget it)
        self._tally.last_success_ms = self._clock.utc_ms()

    async def _settle(self, chunk: Chunk, isolation: Isolation) -> None:
        left = isolation.left
        done = [entry for entry in chunk.entries if entry.seq not in left]
        rest = [entry for entry in chunk.entries if entry.seq in left]
        self.left = _part(chunk, rest) if rest else None
        if self.left:
            self._buffer.release(self.left)
        if done:
            await self._acknowledge(_part(chunk, done), isolation.refused)

    async def _acknowledge(self, done: Chunk, refused: Sequence[Refused]) -> None:
        letters = list(self._letters(done.entries, refused))
        try:
            await self._buffer.acknowledge(done, letters=letters)
        except BaseException:
            self._buffer.release(done)  # a no-op where the buffer has it in its books
            self._tally.failed(runs(done.entries), unknown=runs(done.entries))
            raise
        self._tally.settled(runs(done.entries))
        self._tally.samples += done.samples - len(letters)
        self._tally.dead_letters += len(letters)
        if letters and self._is_new("refused", letters[0].reason):
            logger.warning(
                "output %s: %d samples were refused and are dead letters now: %s",
                self._output.name, len(letters), letters[0].reason,
            )  # fmt: skip

    def _letters(self, done: Iterable[Entry], refused: Sequence[Refused]) -> Iterable[DeadLetter]:
        """The refused samples. Stale markers are no samples: nobody misses a refused one."""
        batches = dict(done) if refused else {}
        for seq, row, reason in refused:
            batch = batches[seq]
            if not batch.stale:
                yield DeadLetter(
                    output=self._output.name,
                    at_ms=self._clock.utc_ms(),
                    origin=batch.layout.origin,
                    row=batch.layout.rows[row],
                    value=batch.values[row],
                    ts=batch.ts if batch.times is None else batch.times[row],
                    reason=reason,
                    seq=seq,
                )

    def _note(self, error: WriteError | ConfigurationError) -> None:
        self._tally.errors[_kind(error)] += 1
        self._tally.last_error = str(error)
        self._tally.last_error_ms = self._clock.utc_ms()

    def _bug(self, error: Exception) -> WriterBug:
        raised = origin(error)
        bug = WriterBug(f"a bug in writer {self._output.writer.name!r}: {raised!r}")
        self._note(bug)
        if self._is_new("bug", repr(raised)):
            logger.error("output %s: %s", self._output.name, bug, exc_info=raised)
        return bug

    def _is_new(self, kind: str, message: str) -> bool:
        """Whether this is not what was said last: the log gets each message once."""
        if self._said.get(kind) == message:
            return False
        self._said[kind] = message
        return True


def _were_given(batches: Sequence[Batch], rejects: Iterable[Reject]) -> bool:
    """Whether a writer refused only rows that it was given."""
    return all(
        0 <= reject.batch < len(batches) and 0 <= reject.row < len(batches[reject.batch])
        for reject in rejects
    )


def token(entries: Sequence[Entry]) -> str:
    """Names these batches, as the request of all of them is named."""
    return name([entry.seq for entry in entries]) if entries else ""


def _part(chunk: Chunk, entries: Sequence[Entry]) -> Chunk:
    if len(entries) == len(chunk.entries):
        return chunk
    return Chunk(chunk.output, tuple(entries), sum(entry.batch.samples for entry in entries))


def _kind(error: WriteError | ConfigurationError) -> str:
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (WriterBug, "bug"),
        (WriteTimeout, "timeout"),
        (WriterMisconfigured, "misconfigured"),
        (ConfigurationError, "misconfigured"),
        (BatchTooLarge, "too_large"),
        (BatchRejected, "rejected"),
    )
    return next((name for kind, name in kinds if isinstance(error, kind)), "unavailable")
