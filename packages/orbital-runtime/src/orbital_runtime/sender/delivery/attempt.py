"""Attempts at the chunks of an output: sends what the bisection asks for, and settles the result."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from orbital_runtime.sender.delivery.outgoing import Departures
from orbital_runtime.sender.delivery.settlement import part
from orbital_runtime.sender.refusals.bisection import Bisection, refused_rows
from orbital_runtime.sender.refusals.credibility import AskWitness, Credibility, Witness
from orbital_runtime.sender.refusals.groups import rows, token
from orbital_runtime.sender.refusals.steps import run
from orbital_sdk import Written

if TYPE_CHECKING:
    from orbital_buffer.contract import Reader
    from orbital_buffer.model.chunk import Chunk
    from orbital_runtime.sender.delivery.request import Requests
    from orbital_runtime.sender.delivery.request_size import RequestSize
    from orbital_runtime.sender.delivery.settlement import Settlement
    from orbital_runtime.sender.output import Output
    from orbital_runtime.sender.refusals.groups import Group
    from orbital_runtime.sender.refusals.repeated_errors import RepeatedErrors
    from orbital_runtime.sender.status import Tally
    from orbital_sdk import Batch, WriteAnswer


class Outcome(NamedTuple):
    """Result of an attempt."""

    error: BaseException | None
    """Why part of the chunk was not settled; None if all of it was."""
    left: Chunk | None
    """What must be sent again as it is, under the same token; released to the buffer."""
    too_large: bool
    """Whether the destination refused some of it as too large."""


class Attempts:
    """The attempts of one output.

    Args:
        output: Name, writer and policy.
        buffer: Source of the chunks.
        tally: Counts of the output.
        requests: Sends requests.
        size: Learns how many samples a request may have.
        settlement: Acknowledges results.
    """

    def __init__(
        self,
        output: Output,
        buffer: Reader,
        *,
        tally: Tally,
        requests: Requests,
        size: RequestSize,
        settlement: Settlement,
    ) -> None:
        self._output = output
        self._buffer = buffer
        self._tally = tally
        self._requests = requests
        self._size = size
        self._settlement = settlement
        self._departures = Departures(output, tally)
        self._credibility = Credibility(self._newest)

    async def make(self, chunk: Chunk, failures: int, repeats: RepeatedErrors) -> Outcome:
        """Deliver a chunk. Delivered and refused batches are acknowledged, even if others are not.

        Args:
            chunk: In flight.
            failures: Consecutive failed attempts before this one.
            repeats: Repeated errors of this lane.
        """
        outgoing = self._departures.of(chunk.entries)
        group = outgoing.group
        self._tally.retries += bool(group) and group[0].seq in self._tally.failed
        bisection = Bisection(
            group,
            self._credibility,
            doubtful=self._tally.doubtful,
            requests=self._output.policy.bisect_requests,
            suspect=repeats.suspect(token(group)),
        )
        error: BaseException | None = None
        try:
            await run(bisection.steps(), partial(self._do, failures))
        except BaseException as raised:  # noqa: BLE001 (the outcome has it)
            error = raised
        repeats.ended(bisection, error)
        self._size.learn(bisection.too_large)
        left = await self._settlement.settle(chunk, outgoing, bisection.left, bisection.refused)
        if bisection.suspect and (bisection.understood or bisection.undecided):
            left = None  # to be read together with newer samples, which may prove the cause
        return Outcome(error, left, bisection.too_large is not None)

    async def _do(
        self, failures: int, step: Group[Batch] | AskWitness
    ) -> WriteAnswer | Witness | None:
        if isinstance(step, AskWitness):
            return await self._witness(step.since)
        return await self._requests.send(step, failures)

    async def _witness(self, since: int) -> Witness | None:
        """Send one batch, and settle it if it was stored or refused by row."""
        found = await self._first(since)
        if found is None:
            return None
        chunk, behind = found
        outgoing, left, refused = self._departures.of(chunk.entries), {chunk.entries[0].seq}, []
        group = outgoing.group
        try:
            answer = await self._requests.send(group, 1)
            if isinstance(answer, Written):
                left, refused = (), refused_rows(group, answer, self._tally.doubtful)
        finally:
            await self._settlement.settle(chunk, outgoing, left, refused)
        return Witness(group[0].seq, rows(group), behind, answer)

    async def _first(self, since: int) -> tuple[Chunk, int] | None:
        """The first batch from `since` on, and the number that follows a full request from there."""
        policy = self._output.policy
        while chunk := await self._buffer.read(
            self._output.name, samples=policy.batch_size, size=policy.batch_bytes, since=since
        ):
            since = chunk.entries[-1].seq + 1
            first = next((part.seq for part in self._departures.of(chunk.entries).group), None)
            chosen = next((entry for entry in chunk.entries if entry.seq == first), None)
            self._buffer.release(part(chunk, [e for e in chunk.entries if e is not chosen]))
            if chosen is not None:
                return part(chunk, [chosen]), since
        return None

    def _newest(self) -> int:
        """The first batch of the last `flush_interval`; 0 if the writer takes no old samples."""
        if not self._output.writer.takes_old_samples:
            return 0
        return self._buffer.edge(self._output.policy.flush_interval)
