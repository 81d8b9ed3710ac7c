"""Attempts at the chunks of an output: sends what the bisection asks for, and settles the result."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from orbital_runtime.sender.delivery.outgoing import Departures
from orbital_runtime.sender.delivery.witness import Witnesses
from orbital_runtime.sender.refusals.bisection import Bisection
from orbital_runtime.sender.refusals.credibility import Credibility

if TYPE_CHECKING:
    from orbital_buffer.contract import Reader
    from orbital_buffer.model.chunk import Chunk
    from orbital_runtime.sender.delivery.request import Requests
    from orbital_runtime.sender.delivery.request_size import RequestSize
    from orbital_runtime.sender.delivery.settlement import Settlement
    from orbital_runtime.sender.output import Output
    from orbital_runtime.sender.refusals.repeated_errors import RepeatedErrors
    from orbital_runtime.sender.status import Tally


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
        self._policy = output.policy
        self._tally = tally
        self._requests = requests
        self._size = size
        self._settlement = settlement
        self._departures = departures = Departures(output, tally)
        witnesses = Witnesses(
            output,
            buffer,
            tally=tally,
            departures=departures,
            requests=requests,
            settlement=settlement,
        )
        self._credibility = Credibility(witnesses.ask, witnesses.newest)

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
            doubtful=self._tally.doubtful,
            requests=self._policy.bisect_requests,
            suspect=repeats.suspect(group),
        )
        error: BaseException | None = None
        try:
            send = partial(self._requests.send, failures=failures)
            await self._credibility.deliver(bisection, send)
        except BaseException as raised:  # noqa: BLE001 (the outcome has it)
            error = raised
        repeats.ended(bisection, error)
        self._size.learn(bisection.too_large)
        left = await self._settlement.settle(chunk, outgoing, bisection.left, bisection.refused)
        if bisection.suspect and (bisection.understood or bisection.undecided):
            left = None  # to be read together with newer samples, which may prove the cause
        return Outcome(error, left, bisection.too_large is not None)
