"""The two lanes of an output (docs/decisions/0014): fresh samples first, the backlog beside them.

There is one lane as long as nothing waits long. When more waits than one request carries, and the oldest of
it longer than `backlog_after`, all of it is the backlog but what came in the last `flush_interval`, with
which a fresh lane begins. The edge between them only moves on, so each lane is in order. When the backlog is
gone they are one again.
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
    """One lane, and what has to come again in it."""

    def __init__(self) -> None:
        self.repeats = RepeatedErrors()
        self.again: Size | None = None
        """How much to read so that the same batches come again: the token must not change."""
        self.sending: Chunk | None = None
        self.plan: list[Chunk] = []
        """Requests of a stretch that was read, to go out one by one."""

    def cut(self) -> Size | None:
        """How much to read so that what is being sent, and what follows, is cut as it is."""
        return self.again if self.sending is None else _size((self.sending, *self.plan))


class Turn(NamedTuple):
    """Who goes now, or for what to wait."""

    lane: Lane | None
    event: Callable[[], Awaitable[None]] | None = None
    """Wait for this, enough fresh samples,"""
    seconds: float | None = None
    """or so long; None: for ever."""


class Lanes:
    """Whose turn it is. One request at a time, so the backlog delays a fresh one by one request at most.

    Args:
        output: Name of the output.
        buffer: What it reads.
        policy: Its sizes and times.
        old_samples: Whether the destination takes old samples; if not there is only ever one lane.
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
        """The batch that the fresh lane begins with; 0: there is one lane."""
        self._oldest: float | None = None
        """When a fresh sample was first seen to wait; none does: None."""
        self._gathers = False
        """Whether a request was read before: the first one waits for no others, so that it shows at once
        whether samples arrive."""
        self._gives_way = False
        """Whether the backlog goes next although fresh samples are due."""
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
        """How requests are cut now, and what is in doubt."""
        return Checkpoint(self._edge, self.fresh.cut(), self.backlog.cut(), tuple(doubtful)).note()

    def turn(self, now: float, size: int, *, urgent: bool) -> Turn:
        """Whose turn it is.

        Args:
            now: Steady seconds.
            size: Samples of a full request.
            urgent: Whether all that waits is due, and nothing is held back.
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
        """Join, part, or move the edge on. Gives the fresh samples, None if there are none, and whether
        there is a backlog.

        What has to come again stays in its lane, so the edge waits for it.
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
        """The next request of a lane: of full size, or the one that has to come again."""
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
        """An attempt failed: what it left, and what was to follow it, has to come again as it is."""
        plan, lane.sending = self._put_back(lane), None
        if left is not None:
            lane.again = _size((left, *plan))

    def delivered(self, lane: Lane, samples: int, size: int, *, too_large: bool) -> None:
        """So many of this lane are done with. A fresh lane that keeps up gives way once.

        Args:
            lane: Of `read`.
            samples: Its.
            size: Of a full request.
            too_large: Whether it was more than the destination takes at once, so what follows is cut anew.
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
        """Nothing is in hand any more."""
        self._put_back(self.backlog)

    def _put_back(self, lane: Lane) -> list[Chunk]:
        plan, lane.plan = lane.plan, []
        for chunk in plan:
            self._buffer.release(chunk)
        return plan

    def _behind(self) -> Unsent:
        """The backlog, without what is in hand."""
        return self._buffer.unsent(self._output, before=self._edge)

    def status(self, now: float) -> tuple[float, int, float | None]:
        """Seconds that the oldest fresh sample waits, samples in the backlog, seconds until it is gone."""
        lag = self._buffer.unsent(self._output, since=self._edge).age
        if not self._edge:
            return lag, 0, None
        behind = self._behind().samples + sum(chunk.samples for chunk in self.backlog.plan)
        return lag, behind, behind * (now - self._began) / self._done if self._done else None


def _size(chunks: Iterable[Chunk]) -> Size:
    entries = joined(chunks)
    return sum(len(entry.batch) for entry in entries), extent(entries)
