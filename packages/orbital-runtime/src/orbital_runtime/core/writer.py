"""Delivers samples to Core's ingest, as one output of the sender beside the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from orbital_runtime.core.errors import (
    CoreError,
    CoreMisconfigured,
    CorePanicked,
    CoreRefused,
    CoreTooLarge,
    CoreUnavailable,
    IdentityLost,
)
from orbital_runtime.core.ingest import encode, requests_of
from orbital_sdk import (
    BatchRejected,
    BatchTooLarge,
    WriteError,
    Writer,
    WriterConfig,
    WriterMisconfigured,
    WriterUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_runtime.core.line import Line
    from orbital_sdk import Attempt, Batch

INGEST: Final = "/data/ingest"


class CoreWriter(Writer[WriterConfig]):
    """One output. A chunk may take several requests; those that arrived are not sent again.

    Args:
        line: To Core.
    """

    name: ClassVar[str] = "core"
    summary: ClassVar[str] = "Gravital Core"

    def __init__(self, line: Line) -> None:
        super().__init__(WriterConfig())
        self._line = line
        self._begun = ("", 0)
        """Token of a chunk that is under way, and how many of its requests arrived."""

    @property
    def address(self) -> str:
        return self._line.address

    def write(self, batches: Sequence[Batch], attempt: Attempt) -> int:
        metrics, rejects = encode(batches)
        sent = 0
        done = self._begun[1] if attempt.token and self._begun[0] == attempt.token else 0
        for number, body in enumerate(requests_of(metrics)):
            if number >= done:
                sent += self._send(body)
                self._begun = attempt.token, number + 1
        self._begun = ("", 0)
        if rejects:
            raise BatchRejected(rejects[0].reason, rejects=rejects, certain=True)
        return sent

    def _send(self, body: bytes) -> int:
        try:
            return self._line.post_now(INGEST, body)
        except CoreError as error:
            raise _for_sender(
                error
            ) from error.__cause__  # an answer has none, and may be about the data


def _for_sender(error: CoreError) -> WriteError:
    """The same in the words of writers."""
    match error:
        case CoreUnavailable():
            return WriterUnavailable(str(error), retry_after=error.retry_after, sent=error.sent)
        case IdentityLost():
            return WriterUnavailable(str(error), sent=False)
        case CoreMisconfigured():
            return WriterMisconfigured(str(error))
        case CoreTooLarge():
            return BatchTooLarge(str(error))
        case CoreRefused() | CorePanicked():
            return BatchRejected(str(error))
        case _:
            return WriterUnavailable(str(error), sent=error.sent)
