"""What an output does after an attempt that failed: back off, pause, or wait for other samples."""

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
    """How an output stands, and when its next attempt is.

    Args:
        output: Name and policy.
        buffer: Tells how much waits, and when more comes.
        clock: For the times of the next attempt.
        chance: Gives 0 to 1 for the jitter.
        wait: Waits; whoever is in a hurry interrupts it.
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
        """Why the last attempt failed; empty once one succeeded."""
        self.until_ms: int | None = None
        """Milliseconds UTC of the next attempt, while this one waits."""
        self.failures = 0
        """Attempts that failed in a row."""
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
        """The next attempt may be now."""
        self._breaker.probe_now(self._clock.steady())
        self._wait.interrupt()

    def unused(self) -> None:
        """A probe that the breaker let through found nothing to send."""
        self._breaker.abandon(self._clock.steady())

    async def allowed(self) -> None:
        """Return when the breaker lets an attempt through."""
        now = self._clock.steady()
        if not self._breaker.allow(now):
            await self._wait.until(seconds=self._breaker.probe_at - now)
            self._breaker.probe_now(now)
            self._breaker.allow(now)

    def succeeded(self) -> None:
        """The destination answered, and all of a chunk is done with."""
        self._breaker.success()
        self.failures = 0
        if self.reason:
            logger.info("output %s: delivering again", self._name)
        self.reason = ""

    async def after(self, error: Exception) -> None:
        """Wait as long as this error of an attempt asks for."""
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
        """A person has to act: look again now and then."""
        self._breaker.success()  # it did answer
        await self._hold(Phase.PAUSED, reason, self._policy.pause_retry)

    async def _wait_for_others(self, reason: str, behind: int) -> None:
        """Nothing shows yet whether a person has to act: look again when something may."""
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
        """Wait so long, or for the event, and let people know why."""
        level = logging.DEBUG if reason == self.reason else logging.WARNING
        waiting = self._buffer.waiting(self._name)
        message = "output %s is %s: %s; %d samples wait, next attempt in %.1f s"
        logger.log(level, message, self._name, phase, reason, waiting, seconds)
        self.phase, self.reason = phase, reason
        self.until_ms = self._clock.utc_ms() + round(seconds * 1000)
        await self._wait.until(event, seconds=seconds)
        self.until_ms = None
