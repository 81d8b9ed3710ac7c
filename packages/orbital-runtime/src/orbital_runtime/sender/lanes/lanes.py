"""The lanes of an output (docs/decisions/0014): fresh samples, and the backlog beside them.

Normally there is one lane. When more than one request waits, and the oldest sample longer than
`backlog_after`, everything but the samples of the last `flush_interval` becomes the backlog, in a lane of its
own. The edge between the lanes only moves forward, so each lane is in order. They are joined when the backlog
is delivered.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from orbital_runtime.sender.lanes.backlog import REQUESTS, extent, joined, requests, stretch
from orbital_runtime.sender.lanes.checkpoint import Checkpoint, checkpoint_of
from orbital_runtime.sender.pacing.throttle import Throttle
from orbital_runtime.sender.refusals.repeated_errors import RepeatedErrors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from orbital_buffer.contract import Reader
    from orbital_buffer.model.chunk import Chunk, Unsent
    from orbital_buffer.model.intervals import Pieces
    from orbital_runtime.delivery_policy import DeliveryPolicy
    from orbital_runtime.sender.lanes.checkpoint import Size


class Lane:
    """State of one lane."""

    def __init__(self) -> None:
        self.repeats = RepeatedErrors()
        self.again: Size | None = None
        """Size to read to get the same batches again, under the same token."""
        self.sending: Chunk | None = None
        self.plan: list[Chunk] = []
        """Requests of a range that was read, to be sent one by one."""

    def cut(self) -> Size | None:
        """Size to read to get the current and the planned requests again."""
        return self.again if self.sending is None else _size((self.sending, *self.plan))


class Turn(NamedTuple):
    """The lane to send from, or what to wait for."""

    lane: Lane | None
    event: Callable[[], Awaitable[None]] | None = None
    """Wait for this (enough fresh samples), ..."""
    seconds: float | None = None
    """... or for so many seconds; None: for ever."""


class Lanes:
    """Selects the next lane. The backlog delays fresh samples by at most one request, the one in flight.

    Args:
        output: Name of the output.
        buffer: Read by the output.
        policy: Sizes and intervals.
        old_samples: Whether the destination takes old samples; otherwise there is always one lane.
    """

    def __init__(
        self,
        output: str,
        buffer: Reader,
        policy: DeliveryPolicy,
        *,
        old_samples: bool,
    ) -> None:
        self.fresh, self.backlog = Lane(), Lane()
        self._output = output
        self._buffer = buffer
        self._policy = policy
        self._old_samples = old_samples
        self._throttle = Throttle(policy.backlog_rate)
        self._edge = 0
        """The first batch of the fresh lane; 0: there is one lane."""
        self._oldest: float | None = None
        """Time at which a waiting fresh sample was first seen; None: none waits."""
        self._gathers = False
        """Whether a request was read before: the first one is sent without gathering, to show at once whether
        delivery works."""
        self._gives_way = False
        """Whether the backlog is next although fresh samples are due."""
        self._began, self._done = 0.0, 0
        self._recall(checkpoint_of(buffer.noted(output)))

    def _recall(self, noted: Checkpoint) -> None:
        if self._old_samples or not noted.edge:
            self._edge, self.fresh.again, self.backlog.again = (
                noted.edge,
                noted.fresh,
                noted.backlog,
            )

    def note(self, doubtful: Pieces) -> bytes:
        """The current checkpoint, encoded."""
        return Checkpoint(self._edge, self.fresh.cut(), self.backlog.cut(), tuple(doubtful)).note()

    def turn(self, now: float, size: int, *, urgent: bool) -> Turn:
        """Select the next lane.

        Args:
            now: Steady seconds.
            size: Samples of a full request.
            urgent: Send everything now, without gathering and rate limit.
        """
        fresh, behind = self._arrange(now, size)
        if fresh is None:
            self._oldest = None
        elif self._oldest is None:
            self._oldest = now
        patience = self._policy.flush_interval if self._gathers else 0.0
        flush = 0.0 if self._oldest is None else self._oldest + patience - now
        due = fresh is not None and (urgent or self.fresh.again or fresh >= size or flush <= 0)
        held = 0.0 if urgent else self._throttle.held(now)
        if behind and held <= 0 and (self._gives_way or not due):
            return Turn(self.backlog)
        if due:
            return Turn(self.fresh)
        waits = [held] * behind + [flush] * (fresh is not None)
        samples = 0 if fresh is None else size
        event = partial(self._buffer.wait, self._output, samples=samples, since=self._edge)
        return Turn(None, event, min(waits, default=None))

    def _arrange(self, now: float, size: int) -> tuple[int | None, bool]:
        """Join or split the lanes, or move the edge. Returns the number of fresh samples, None if there are
        none, and whether there is a backlog.

        The edge does not move while a request of the fresh lane has to be repeated.
        """
        if self._edge and not self._behind().batches and not self.backlog.plan:
            self._edge, self.backlog.again = 0, None
        if not self._began:
            self._began = now
        fresh = self._buffer.unsent(self._output, since=self._edge)
        if not fresh.batches:
            self.fresh.again = None
        late = fresh.age > self._policy.backlog_after and fresh.samples > size
        if self._old_samples and late and not self.fresh.again:
            usual = min(self._policy.flush_interval, self._policy.backlog_after / 2)
            self._edge = self._buffer.edge(usual)
            self._began, self._done = now, 0
            fresh = self._buffer.unsent(self._output, since=self._edge)
        return fresh.samples if fresh.batches else None, bool(self._edge)

    async def read(self, lane: Lane, now: float, size: int) -> Chunk | None:
        """Read the next request of a lane: a full one, or the one to be repeated."""
        self._gathers = True
        if lane is self.backlog:
            lane.sending = await self._read_backlog(now, self._throttle.most(size))
            return lane.sending
        samples, cells = lane.again or (size, self._policy.batch_bytes)
        lane.again = None
        chunk = await self._buffer.read(self._output, samples=samples, size=cells, since=self._edge)
        left = self._buffer.unsent(self._output, since=self._edge)
        self._oldest = now if left.batches else None
        lane.sending = chunk
        return chunk

    async def _read_backlog(self, now: float, size: int) -> Chunk | None:
        lane, most = self.backlog, self._policy.batch_bytes
        self._gives_way = False
        if not lane.plan:
            usual = stretch(self._behind(), size)
            samples, cells = lane.again or (usual, REQUESTS * most)
            lane.again = None
            chunk = await self._buffer.read(
                self._output, samples=samples, size=cells, before=self._edge
            )
            lane.plan = requests(chunk, size, most) if chunk else []
        if not lane.plan:
            return None
        chunk = lane.plan.pop(0)
        self._throttle.spend(chunk.samples, now)
        return chunk

    def failed(self, lane: Lane, left: Chunk | None) -> None:
        """An attempt failed: the rest of its request, and the planned ones, are repeated as they are."""
        plan, lane.sending = self._put_back(lane), None
        if left is not None:
            lane.again = _size((left, *plan))

    def delivered(self, lane: Lane, samples: int, size: int, *, too_large: bool) -> None:
        """A request of this lane was settled. If no full request of fresh samples waits, the backlog is next.

        Args:
            lane: As passed to `read`.
            samples: Samples of the request.
            size: Samples of a full request.
            too_large: Whether the destination found it too large; the planned ones are split again then.
        """
        lane.sending = None
        if too_large:
            self._put_back(lane)
        if lane is self.backlog:
            self._done += samples
        else:
            fresh = self._buffer.unsent(self._output, since=self._edge)
            self._gives_way = fresh.samples < size

    def close(self) -> None:
        """Release the planned requests."""
        self._put_back(self.backlog)

    def _put_back(self, lane: Lane) -> list[Chunk]:
        plan, lane.plan = lane.plan, []
        for chunk in plan:
            self._buffer.release(chunk)
        return plan

    def _behind(self) -> Unsent:
        """The backlog without requests in flight and planned ones."""
        return self._buffer.unsent(self._output, before=self._edge)

    def status(self, now: float) -> tuple[float, int, float | None]:
        """Age of the oldest fresh sample, samples in the backlog, estimated seconds until it is delivered."""
        lag = self._buffer.unsent(self._output, since=self._edge).age
        if not self._edge:
            return lag, 0, None
        behind = self._behind().samples + sum(chunk.samples for chunk in self.backlog.plan)
        return lag, behind, behind * (now - self._began) / self._done if self._done else None


def _size(chunks: Iterable[Chunk]) -> Size:
    entries = joined(chunks)
    return sum(len(entry.batch) for entry in entries), extent(entries)
