"""Requests of an output: calls the writer, checks and counts its answers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from orbital_runtime.guard.escape import origin
from orbital_runtime.sender.failures import WriterBug, kind, may_be_stored
from orbital_runtime.sender.refusals.groups import rows, token
from orbital_runtime.sender.status import Attempted
from orbital_sdk import Attempt, ConfigurationError, NotWritten, WriteError
from orbital_sdk.contract.written import misfit

if TYPE_CHECKING:
    from orbital_buffer.contract import Reader
    from orbital_runtime.clock import Clock
    from orbital_runtime.sender.caller import Caller
    from orbital_runtime.sender.output import Output
    from orbital_runtime.sender.refusals.groups import Group
    from orbital_runtime.sender.status import Tally
    from orbital_sdk import Batch, WriteAnswer

logger = logging.getLogger(__name__)


class Requests:
    """Sends the requests of one output, one at a time.

    Args:
        output: Name, writer and policy.
        buffer: Names the start that is part of each token.
        clock: For timestamps.
        tally: Counts of the output.
        caller: Calls the writer.
    """

    def __init__(
        self, output: Output, buffer: Reader, *, clock: Clock, tally: Tally, caller: Caller
    ) -> None:
        self._output = output
        self._buffer = buffer
        self._clock = clock
        self._tally = tally
        self._caller = caller
        self._said = ""
        self._failure = ("", "")
        """Words and kind of the failure of the present request; empty while there is none."""

    async def send(self, group: Group[Batch], failures: int) -> WriteAnswer:
        """Send a group. Returns the destination's answer.

        Args:
            group: What to send.
            failures: Consecutive failed attempts before this one.

        Raises:
            WriteError, ConfigurationError: There is no answer; `WriterBug` for a bug of the writer.
        """
        attempted = Attempted(self._clock.utc_ms(), 0.0, rows(group))
        begin, self._failure = self._clock.steady(), ("", "")
        try:
            return await self._ask(group, failures)
        except BaseException as error:
            if may_be_stored(error):
                self._tally.doubt(part.seq for part in group)
            raise
        finally:
            words, failed = self._failure
            ended = attempted._replace(
                seconds=self._clock.steady() - begin, error=words, kind=failed
            )
            self._tally.attempts.append(ended)

    async def _ask(self, group: Group[Batch], failures: int) -> WriteAnswer:
        tally, batches = self._tally, [part.batch for part in group]
        number = max(2, failures + 1) if group[0].seq in tally.doubtful else 1
        attempt = Attempt(number, f"{self._buffer.name(group[-1].seq)}:{token(group)}")
        tally.requests += 1
        try:
            answer = await self._caller.write(batches, attempt, self._output.policy.timeout)
            wrong = misfit(answer, batches)
        except (WriteError, ConfigurationError) as error:
            self._note(error, str(error))
            raise
        except Exception as error:
            raised = origin(error)
            raise self._bug(repr(raised), raised) from error
        if wrong:
            raise self._bug(f"write() {wrong}")
        if isinstance(answer, NotWritten):
            self._note(answer, answer.reason)
        else:
            tally.bytes += answer.bytes
            tally.succeeded_at(self._clock.utc_ms())
        return answer

    def _note(self, failure: WriteError | ConfigurationError | NotWritten, words: str) -> None:
        self._failure = words, kind(failure)
        self._tally.errors[kind(failure)] += 1
        self._tally.failed_at(self._clock.utc_ms(), words)

    def _bug(self, what: str, raised: BaseException | None = None) -> WriterBug:
        bug = WriterBug(f"a bug in writer {self._output.writer.name!r}: {what}")
        self._note(bug, str(bug))
        if self._said != what:
            self._said = what
            logger.error("output %s: %s", self._output.name, bug, exc_info=raised)
        return bug
