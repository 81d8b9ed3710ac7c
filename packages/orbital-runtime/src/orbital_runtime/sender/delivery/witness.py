"""Sends a witness: a batch of another request, which shows whether a refusal is about samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_runtime.sender.delivery.settlement import part
from orbital_runtime.sender.refusals.bisection import refused_rows
from orbital_runtime.sender.refusals.credibility import Witness
from orbital_runtime.sender.refusals.groups import rows
from orbital_sdk import Written

if TYPE_CHECKING:
    from orbital_buffer.contract import Reader
    from orbital_buffer.model.chunk import Chunk
    from orbital_runtime.sender.delivery.outgoing import Departures
    from orbital_runtime.sender.delivery.request import Requests
    from orbital_runtime.sender.delivery.settlement import Settlement
    from orbital_runtime.sender.output import Output
    from orbital_runtime.sender.status import Tally


class Witnesses:
    """The witnesses of one output: see `Credibility`.

    Args:
        output: Name, writer and policy.
        buffer: Source of the batches.
        tally: Knows the doubtful batches.
        departures: What the writer gets of a batch.
        requests: Sends requests.
        settlement: Acknowledges results.
    """

    def __init__(
        self,
        output: Output,
        buffer: Reader,
        *,
        tally: Tally,
        departures: Departures,
        requests: Requests,
        settlement: Settlement,
    ) -> None:
        self._output = output
        self._buffer = buffer
        self._tally = tally
        self._departures = departures
        self._requests = requests
        self._settlement = settlement

    async def ask(self, since: int) -> Witness | None:
        """Send the first batch from `since` on, and settle it if it was stored or refused by row."""
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

    def newest(self) -> int:
        """The first batch of the last `flush_interval`; 0 if the writer takes no old samples."""
        if not self._output.writer.takes_old_samples:
            return 0
        return self._buffer.edge(self._output.policy.flush_interval)

    async def _first(self, since: int) -> tuple[Chunk, int] | None:
        """The first batch from `since` on, and the number that follows a full request from there."""
        policy = self._output.policy
        while chunk := await self._buffer.read(
            self._output.name, samples=policy.batch_size, size=policy.batch_bytes, since=since
        ):
            since = chunk.entries[-1].seq + 1
            first = next((one.seq for one in self._departures.of(chunk.entries).group), None)
            chosen = next((entry for entry in chunk.entries if entry.seq == first), None)
            self._buffer.release(part(chunk, [e for e in chunk.entries if e is not chosen]))
            if chosen is not None:
                return part(chunk, [chosen]), since
        return None
