"""The delivery loop of one output: reads the buffer, calls the writer, handles the answer. One chunk is in
flight at a time; no output waits for another.
"""

from __future__ import annotations

import asyncio
import logging
import random
from time import monotonic
from typing import TYPE_CHECKING, Final

from orbital_buffer.model.chunk import runs
from orbital_buffer.model.errors import BufferClosed
from orbital_runtime.sender.caller import Caller
from orbital_runtime.sender.delivery.attempt import Attempts
from orbital_runtime.sender.delivery.drains import Drains
from orbital_runtime.sender.delivery.recovery import Recovery
from orbital_runtime.sender.delivery.request import Requests
from orbital_runtime.sender.delivery.request_size import RequestSize
from orbital_runtime.sender.delivery.settlement import Settlement
from orbital_runtime.sender.lanes.checkpoint import checkpoint_of
from orbital_runtime.sender.lanes.lanes import Lanes
from orbital_runtime.sender.pacing.interruptible import InterruptibleWait
from orbital_runtime.sender.status import OutputStatus, Phase, Tally
from orbital_sdk import ConfigurationError, WriterMisconfigured

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_buffer.contract import Reader
    from orbital_buffer.model.chunk import Chunk
    from orbital_buffer.model.intervals import Pieces
    from orbital_runtime.clock import Clock
    from orbital_runtime.hosting.hosts import Hosts
    from orbital_runtime.sender.lanes.lanes import Lane
    from orbital_runtime.sender.output import Output

logger = logging.getLogger(__name__)

STOP_GRACE: Final = 5.0
"""Maximum seconds for a writer to close, or to end its last request; not more than its request timeout."""


class Delivery:
    """The loop of one output.

    Args:
        output: Name, writer and policy.
        buffer: The output must be attached to it.
        clock: For backoff and timestamps.
        hosts: Gives the writer its host.
        tally: Earlier counts of the output.
        chance: Random number from 0 to 1 for the jitter.
    """

    def __init__(
        self,
        output: Output,
        buffer: Reader,
        *,
        clock: Clock,
        hosts: Hosts | None = None,
        tally: Tally | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name = output.name
        self.tally = tally or Tally()
        for start, stop in _still_doubtful(buffer, output.name):
            self.tally.doubtful.add(start, stop)
        self._writer = output.writer
        self._grace = min(STOP_GRACE, output.policy.timeout)
        self._policy = policy = output.policy
        self._buffer = buffer
        self._caller = Caller(
            output.name, output.writer, most_stuck=policy.stuck_writes, hosts=hosts
        )
        self._size = RequestSize(policy.batch_size)
        self._attempts = Attempts(
            output,
            buffer,
            tally=self.tally,
            requests=Requests(output, buffer, clock=clock, tally=self.tally, caller=self._caller),
            size=self._size,
            settlement=Settlement(output, buffer, clock=clock, tally=self.tally),
        )
        self._lanes = Lanes(
            output.name, buffer, policy, old_samples=output.writer.takes_old_samples
        )
        self._wait = InterruptibleWait()
        self._recovery = Recovery(output, buffer, clock=clock, chance=chance, wait=self._wait)
        self._drains = Drains()
        self._leaving = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"output {self.name}")

    async def leave(self) -> None:
        """Stop after the request in flight, which the next writer would send again, within `STOP_GRACE`."""
        if self._task is not None and self._recovery.phase is Phase.DELIVERING:
            self._leaving = True
            try:
                await asyncio.wait({self._task}, timeout=self._grace)
            except BaseException:
                self._leaving = False  # it goes on until somebody stops it
                raise
        await self.stop()

    async def stop(self) -> None:
        """Stop the loop and close the writer. The chunk in flight returns to the buffer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        self._lanes.close()
        await self._note()
        try:
            await self._caller.stop(self._grace)
        except Exception:
            logger.exception("output %s did not close", self.name)

    async def ended(self) -> None:
        """Wait until the loop ended: it was stopped, or is an orphan with nothing left to deliver."""
        if self._task is not None:
            await asyncio.wait({self._task})

    def send_now(self) -> None:
        """Send waiting samples without further gathering or backoff."""
        self._recovery.retry_now()

    async def drain(self) -> bool:
        """Send all waiting samples. Returns False if the output paused or stopped before that."""
        if self._task is None or self._task.done():
            return False
        self.send_now()
        return await self._drains.wait(self._task)

    def status(self) -> OutputStatus:
        tally, stands = self.tally, self._recovery
        lag, backlog, backlog_seconds = self._lanes.status(monotonic())
        return OutputStatus(
            name=self.name,
            address=self._writer.address,
            phase=stands.phase,
            reason=stands.reason,
            until_ms=stands.until_ms,
            breaker=stands.breaker,
            waiting=self._buffer.waiting(self.name),
            lag=lag,
            backlog=backlog,
            backlog_seconds=backlog_seconds,
            stuck=self._caller.stuck,
            sent_samples=tally.samples,
            sent_bytes=tally.bytes,
            requests=tally.requests,
            retries=tally.retries,
            errors=dict(tally.errors),
            dead_letters=tally.dead_letters,
            last_error=tally.last_error,
            last_error_ms=tally.last_error_ms,
            last_success_ms=tally.last_success_ms,
            first_error=tally.first_error,
            first_error_ms=tally.first_error_ms,
        )

    # The loop

    async def _run(self) -> None:
        try:
            while not await self._started():
                pass
            while not self._finished:
                await self._turn()
        except BufferClosed:
            pass
        finally:
            self._recovery.phase = Phase.STOPPED

    @property
    def _finished(self) -> bool:
        """Whether this one ends: it leaves, or is an orphan with nothing left to deliver."""
        if self._leaving:
            return True
        return not self._buffer.delivers(self.name) and not self._buffer.waiting(self.name)

    async def _started(self) -> bool:
        """Start the writer. Returns False after a failure and a pause."""
        try:
            await self._caller.start(self._policy.timeout)
        except Exception as error:
            if not isinstance(error, ConfigurationError):
                logger.exception("output %s did not start", self.name)
            self._drains.end(sent=False)
            await self._recovery.pause(f"did not start: {error or type(error).__name__}")
            return False
        return True

    async def _turn(self) -> None:
        """Deliver one chunk, or wait after an error."""
        try:
            await self._next()
        except BufferClosed:
            raise
        except Exception as error:  # noqa: BLE001 (`after` logs it, and the loop retries)
            if self._finished:  # its samples were removed meanwhile
                return
            if isinstance(error, WriterMisconfigured | ConfigurationError):
                self._drains.end(sent=False)
            await self._note()
            await self._recovery.after(error)

    async def _next(self) -> None:
        lane = await self._due()
        chunk = lane and await self._lanes.read(lane, monotonic(), self._size.samples)
        if lane and chunk:
            await self._deliver(lane, chunk)
        elif lane is None:
            self._drains.end(sent=True)

    async def _due(self) -> Lane | None:
        """Wait for the next lane to send from, and for the breaker. None: everything is sent."""
        self._recovery.unused()
        lane = await self._gather()
        if lane:
            await self._recovery.allowed()
        return lane

    async def _gather(self) -> Lane | None:
        """Wait until a lane has a full request, or its oldest sample is `flush_interval` old."""
        self._recovery.phase = Phase.WAITING
        urgent = False
        while True:
            turn = self._lanes.turn(
                monotonic(), self._size.samples, urgent=urgent or bool(self._drains)
            )
            if turn.lane or self._drains:
                return turn.lane
            urgent = await self._wait.until(turn.event, seconds=turn.seconds)

    async def _deliver(self, lane: Lane, chunk: Chunk) -> None:
        self._recovery.phase = Phase.DELIVERING
        requests = self.tally.requests
        await self._note(chunk)
        try:
            outcome = await self._attempts.make(chunk, self._recovery.failures, lane.repeats)
        except BaseException:
            self._lanes.failed(lane, None)
            raise
        if outcome.error is not None:
            self._lanes.failed(lane, outcome.left)
            raise outcome.error
        self._lanes.delivered(lane, chunk.samples, self._size.samples, too_large=outcome.too_large)
        if self.tally.requests > requests:
            self._recovery.succeeded()

    async def _note(self, chunk: Chunk | None = None) -> None:
        """Save the request boundaries and the doubtful batches in the buffer before this chunk is sent."""
        doubtful = self.tally.doubtful.copy()
        for start, stop in runs(chunk.entries) if chunk else ():
            doubtful.add(start, stop)
        note = self._lanes.note([*doubtful])
        try:
            if note != self._buffer.noted(self.name):
                await self._buffer.note(self.name, note)
        except BaseException:
            if chunk:
                self._buffer.release(chunk)
            raise


def _still_doubtful(buffer: Reader, output: str) -> Pieces:
    """Doubtful batches of an earlier delivery, possibly by a process that was killed."""
    noted = checkpoint_of(buffer.noted(output)).doubtful
    return [
        piece for piece in noted if buffer.unsent(output, since=piece[0], before=piece[1]).batches
    ]
