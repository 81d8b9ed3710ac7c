"""After a failed attempt: backoff, pause, or wait for other samples."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from orbital_buffer.model.errors import BufferUnreadable
from orbital_runtime.sender.pacing.backoff import backoff
from orbital_runtime.sender.pacing.breaker import Breaker, State
from orbital_runtime.sender.refusals.credibility import Undecided
from orbital_runtime.sender.status import Phase
from orbital_sdk import ConfigurationError, WriteError, WriterMisconfigured

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orbital_buffer.contract import Reader
    from orbital_runtime.clock import Clock
    from orbital_runtime.sender.output import Output
    from orbital_runtime.sender.pacing.interruptible import InterruptibleWait

    Event = Callable[[], Awaitable[None]]

logger = logging.getLogger(__name__)


class Recovery:
    """The state of an output, and the time of its next attempt.

    Args:
        output: Name and policy.
        buffer: Knows how many samples wait, and notifies of new ones.
        clock: For the time of the next attempt.
        chance: Random number from 0 to 1 for the jitter.
        wait: Can be interrupted.
    """

    def __init__(
        self,
        output: Output,
        buffer: Reader,
        *,
        clock: Clock,
        chance: Callable[[], float],
        wait: InterruptibleWait,
    ) -> None:
        self.phase = Phase.STOPPED
        self.reason = ""
        """Why the last attempt failed; empty after a successful one."""
        self.until_ms: int | None = None
        """Milliseconds UTC of the next attempt, while waiting for it."""
        self.failures = 0
        """Consecutive failed attempts."""
        policy = output.policy
        self._name = output.name
        self._policy = policy
        self._buffer = buffer
        self._clock = clock
        self._chance = chance
        self._wait = wait
        self._breaker = Breaker(failures=policy.breaker_failures, reset=policy.breaker_reset)

    @property
    def breaker(self) -> State:
        return self._breaker.state

    def retry_now(self) -> None:
        """Make the next attempt now."""
        self._breaker.probe_now(self._clock.steady())
        self._wait.interrupt()

    def unused(self) -> None:
        """The breaker allowed a probe, but there was nothing to send."""
        self._breaker.abandon(self._clock.steady())

    async def allowed(self) -> None:
        """Wait until the breaker allows an attempt."""
        now = self._clock.steady()
        if not self._breaker.allow(now):
            await self._wait.until(seconds=self._breaker.probe_at - now)
            self._breaker.probe_now(now)
            self._breaker.allow(now)

    def succeeded(self) -> None:
        """A chunk was delivered or refused as a whole."""
        self._breaker.success()
        self.failures = 0
        if self.reason:
            logger.info("output %s: delivering again", self._name)
        self.reason = ""

    async def after(self, error: Exception) -> None:
        """Wait as this error of an attempt requires."""
        match error:
            case BufferUnreadable():
                await self._hold(Phase.BACKING_OFF, str(error), self._policy.retry_interval)
            case Undecided(behind=behind):
                await self._wait_for_others(str(error), behind)
            case WriterMisconfigured() | ConfigurationError():
                await self.pause(str(error))
            case WriteError():
                await self._back_off(str(error), getattr(error, "retry_after", None))
            case _:
                reason = f"{type(error).__name__}: {error}"
                if reason != self.reason:
                    logger.error("delivery to output %s failed", self._name, exc_info=error)
                await self._back_off(reason, None)

    async def pause(self, reason: str) -> None:
        """Somebody has to act; retry every `pause_retry` seconds."""
        self._breaker.success()  # the destination answered
        await self._hold(Phase.PAUSED, reason, self._policy.pause_retry)

    async def _wait_for_others(self, reason: str, behind: int) -> None:
        """It is unknown yet whether somebody has to act: retry when there are other samples to compare
        with.
        """
        self._breaker.success()  # as above
        others = partial(self._buffer.wait, self._name, samples=1, since=behind)
        await self._hold(Phase.BACKING_OFF, reason, self._policy.pause_retry, others)

    async def _back_off(self, reason: str, retry_after: float | None) -> None:
        self.failures += 1
        now = self._clock.steady()
        self._breaker.failure(now)
        seconds = backoff(
            self.failures,
            base=self._policy.retry_interval,
            cap=self._policy.retry_max_interval,
            chance=self._chance(),
            retry_after=retry_after,
        )
        if self._breaker.state is State.OPEN:
            seconds = max(seconds, self._breaker.probe_at - now)
        await self._hold(Phase.BACKING_OFF, reason, seconds)

    async def _hold(
        self, phase: Phase, reason: str, seconds: float, event: Event | None = None
    ) -> None:
        """Log the reason, then wait for `seconds` or the event."""
        level = logging.DEBUG if reason == self.reason else logging.WARNING
        waiting = self._buffer.waiting(self._name)
        message = "output %s is %s: %s; %d samples wait, next attempt in %.1f s"
        logger.log(level, message, self._name, phase, reason, waiting, seconds)
        self.phase, self.reason = phase, reason
        self.until_ms = self._clock.utc_ms() + round(seconds * 1000)
        await self._wait.until(event, seconds=seconds)
        self.until_ms = None
