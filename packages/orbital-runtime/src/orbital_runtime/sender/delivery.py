"""Delivers to one output: reads the buffer, calls the writer, acts on what comes back. One loop an output,
one chunk in flight; nothing here ever waits for another output.
"""

from __future__ import annotations

import asyncio
import logging
import random
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final

from orbital_runtime.buffer.model.chunk import runs
from orbital_runtime.buffer.model.errors import BufferClosed, BufferUnreadable
from orbital_runtime.sender.attempt import Attempts
from orbital_runtime.sender.backoff import backoff
from orbital_runtime.sender.breaker import Breaker, State
from orbital_runtime.sender.caller import Caller
from orbital_runtime.sender.checkpoint import checkpoint_of
from orbital_runtime.sender.interruptible import InterruptibleWait
from orbital_runtime.sender.lanes import Lanes
from orbital_runtime.sender.refusals.trust import Undecided
from orbital_runtime.sender.request import Requests
from orbital_runtime.sender.settlement import Settlement
from orbital_runtime.sender.status import OutputStatus, Phase, Tally
from orbital_sdk import ConfigurationError, WriteError, WriterMisconfigured

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orbital_runtime.buffer.contract import Reader
    from orbital_runtime.buffer.model.chunk import Chunk
    from orbital_runtime.buffer.model.intervals import Pieces
    from orbital_runtime.clock import Clock
    from orbital_runtime.hosting.hosts import Hosts
    from orbital_runtime.sender.lanes import Lane
    from orbital_runtime.sender.output import Output

    Event = Callable[[], Awaitable[None]]

logger = logging.getLogger(__name__)

STOP_GRACE: Final = 5.0
"""Seconds that a writer gets to close, if its requests may take that long."""
GROW_AFTER: Final = 100
"""Chunks after which a destination that wanted smaller ones is offered twice as much again."""


class Delivery:
    """The loop of one output.

    Args:
        output: Name, writer and policy.
        buffer: Read under the output's name, which must be attached.
        clock: For backing off and for stamps.
        hosts: What its writer is started with.
        tally: Counts to go on from, where the output was known before.
        chance: Gives 0 to 1 for the jitter.
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
        self._policy = policy = output.policy
        self._buffer = buffer
        self._clock = clock
        self._chance = chance
        self._breaker = Breaker(failures=policy.breaker_failures, reset=policy.breaker_reset)
        self._caller = Caller(
            output.name, output.writer, most_stuck=policy.stuck_writes, hosts=hosts
        )
        self._attempts = Attempts(
            output,
            buffer,
            tally=self.tally,
            requests=Requests(output, buffer, clock=clock, tally=self.tally, caller=self._caller),
            settlement=Settlement(output, buffer, clock=clock, tally=self.tally),
        )
        self._lanes = Lanes(output.name, buffer, policy, apart=output.writer.takes_old_samples)
        self._wait = InterruptibleWait()
        self._task: asyncio.Task[None] | None = None
        self._drains: set[asyncio.Future[bool]] = set()
        self._phase = Phase.STOPPED
        self._reason = ""
        self._until_ms: int | None = None
        self._failures = 0
        self._size, self._grow_in = policy.batch_size, GROW_AFTER

    def start(self) -> None:
        """Begin to deliver."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"output {self.name}")

    async def stop(self) -> None:
        """End the loop and close the writer. What was in flight waits in the buffer again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        self._lanes.close()
        await self._note()
        self._caller.close()
        try:
            await self._caller.stop(min(STOP_GRACE, self._policy.timeout))
        except Exception:
            logger.exception("output %s did not close", self.name)

    async def ended(self) -> None:
        """Return when it delivers no more: stopped, or an orphan of which nothing is left."""
        if self._task is not None:
            await asyncio.wait({self._task})

    def hurry(self) -> None:
        """Send now what waits, without gathering or backing off any longer."""
        self._breaker.hurry(self._clock.steady())
        self._wait.interrupt()

    async def drain(self) -> bool:
        """Send all that waits. False when the output is paused, or stopped before it was done."""
        if self._task is None or self._task.done():
            return False
        done = asyncio.get_running_loop().create_future()
        self._drains.add(done)
        self.hurry()
        try:
            await asyncio.wait({done, self._task}, return_when=asyncio.FIRST_COMPLETED)
            return done.done() and done.result()
        finally:
            self._drains.discard(done)

    def status(self) -> OutputStatus:
        tally = self.tally
        lag, backlog, backlog_seconds = self._lanes.status(monotonic())
        return OutputStatus(
            name=self.name,
            address=self._writer.address,
            phase=self._phase,
            reason=self._reason,
            until_ms=self._until_ms,
            breaker=self._breaker.state,
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
            self._phase = Phase.STOPPED

    @property
    def _finished(self) -> bool:
        """Whether nothing waits, and nothing ever will: the buffer keeps what it had for an orphan alone."""
        return not self._buffer.delivers(self.name) and not self._buffer.waiting(self.name)

    async def _started(self) -> bool:
        """Start the writer; where that fails, pause and try again later."""
        try:
            await self._caller.start(self._policy.timeout)
        except Exception as error:
            if not isinstance(error, ConfigurationError):
                logger.exception("output %s did not start", self.name)
            await self._pause(f"did not start: {error or type(error).__name__}")
            return False
        return True

    async def _turn(self) -> None:
        """One chunk, or one reason why there is none."""
        try:
            await self._next()
        except BufferClosed:
            raise
        except BufferUnreadable as error:
            await self._hold(Phase.BACKING_OFF, str(error), self._policy.retry_interval)
        except Undecided as error:
            await self._wait_for_others(error)
        except (WriterMisconfigured, ConfigurationError) as error:
            await self._pause(str(error))
        except WriteError as error:
            await self._back_off(str(error), getattr(error, "retry_after", None))
        except Exception as error:
            if self._finished:  # somebody dropped what it had
                return
            reason = f"{type(error).__name__}: {error}"
            if reason != self._reason:
                logger.exception("delivery to output %s failed", self.name)
            await self._back_off(reason, None)

    async def _next(self) -> None:
        lane = await self._due()
        chunk = lane and await self._lanes.read(lane, monotonic(), self._size)
        if lane and chunk:
            await self._deliver(lane, chunk)
        elif lane is None:
            self._drained(done=True)

    async def _due(self) -> Lane | None:
        """The lane whose turn it is, once it is, and the breaker lets it through. None: all is sent."""
        self._breaker.abandon(self._clock.steady())  # a probe that found nothing to send
        lane = await self._gather()
        now = self._clock.steady()
        if lane and not self._breaker.allow(now):
            await self._wait.until(seconds=self._breaker.probe_at - now)
            self._breaker.hurry(now)
            self._breaker.allow(now)
        return lane

    async def _gather(self) -> Lane | None:
        """Wait until some lane has a full request, or until what waits is `flush_interval` old."""
        self._phase = Phase.WAITING
        hurry = False
        while True:
            turn = self._lanes.turn(monotonic(), self._size, hurry=hurry or bool(self._drains))
            if turn.lane or self._drains:
                return turn.lane
            hurry = await self._wait.until(turn.event, seconds=turn.seconds)

    async def _deliver(self, lane: Lane, chunk: Chunk) -> None:
        self._phase = Phase.DELIVERING
        requests = self.tally.requests
        await self._note(chunk)
        try:
            outcome = await self._attempts.make(chunk, self._failures, lane.repeats)
        except BaseException:
            self._lanes.failed(lane, None)
            raise
        self._fit(outcome.too_large)
        if outcome.error is not None:
            self._lanes.failed(lane, outcome.left)
            raise outcome.error
        smaller = outcome.too_large is not None
        self._lanes.delivered(lane, chunk.samples, self._size, too_large=smaller)
        if self.tally.requests > requests:
            self._succeeded()

    async def _note(self, chunk: Chunk | None = None) -> None:
        """Let the buffer remember how requests are cut and what is in doubt, before this chunk goes out."""
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

    def _fit(self, too_large: int | None) -> None:
        """Keep to what the destination takes, and try now and then whether it takes more again."""
        if too_large is not None:
            self._size, self._grow_in = max(1, too_large // 2), GROW_AFTER
            return
        self._grow_in -= 1
        if self._grow_in <= 0:
            self._size, self._grow_in = min(self._size * 2, self._policy.batch_size), GROW_AFTER

    def _succeeded(self) -> None:
        self._breaker.success()
        self._failures = 0
        if self._reason:
            logger.info("output %s: delivering again", self.name)
        self._reason = ""

    async def _back_off(self, reason: str, retry_after: float | None) -> None:
        self._failures += 1
        now = self._clock.steady()
        self._breaker.failure(now)
        policy = self._policy
        seconds = backoff(
            self._failures,
            base=policy.retry_interval,
            cap=policy.retry_max_interval,
            chance=self._chance(),
            retry_after=retry_after,
        )
        if self._breaker.state is State.OPEN:
            seconds = max(seconds, self._breaker.probe_at - now)
        await self._hold(Phase.BACKING_OFF, reason, seconds)

    async def _pause(self, reason: str) -> None:
        """A person has to act: keep everything, and look again now and then."""
        self._drained(done=False)
        self._breaker.success()  # it did answer
        await self._hold(Phase.PAUSED, reason, self._policy.pause_retry)

    async def _wait_for_others(self, undecided: Undecided) -> None:
        """Nothing shows yet whether a person has to act: keep everything until something may."""
        self._drained(done=False)
        self._breaker.success()  # as above
        others = partial(self._buffer.wait, self.name, samples=1, since=undecided.behind)
        await self._hold(Phase.BACKING_OFF, str(undecided), self._policy.pause_retry, others)

    async def _hold(
        self, phase: Phase, reason: str, seconds: float, event: Event | None = None
    ) -> None:
        """Wait so long, or for the event, and let people know why."""
        await self._note()
        level = logging.DEBUG if reason == self._reason else logging.WARNING
        waiting = self._buffer.waiting(self.name)
        message = "output %s is %s: %s; %d samples wait, next attempt in %.1f s"
        logger.log(level, message, self.name, phase, reason, waiting, seconds)
        self._phase, self._reason = phase, reason
        self._until_ms = self._clock.utc_ms() + round(seconds * 1000)
        await self._wait.until(event, seconds=seconds)
        self._until_ms = None

    def _drained(self, *, done: bool) -> None:
        drains, self._drains = self._drains, set()
        for drain in drains:
            if not drain.done():
                drain.set_result(done)


def _still_doubtful(buffer: Reader, output: str) -> Pieces:
    """What was in doubt when this output was last delivered to, maybe by a process that was killed."""
    noted = checkpoint_of(buffer.noted(output)).doubtful
    return [
        piece for piece in noted if buffer.unsent(output, since=piece[0], before=piece[1]).batches
    ]
