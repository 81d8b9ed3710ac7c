"""Delivers samples to Core's ingest, as a writer of an output."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from orbital_gravital.errors import (
    CoreError,
    CoreMisconfigured,
    CorePanicked,
    CoreRefused,
    CoreTooLarge,
    CoreUnavailable,
    IdentityLost,
)
from orbital_gravital.samples.ingest import encode, requests_of
from orbital_sdk import (
    NotWritten,
    Refusal,
    WriteError,
    Writer,
    WriterConfig,
    WriterMisconfigured,
    WriterUnavailable,
    Written,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orbital_gravital.identity.line import Line
    from orbital_sdk import Attempt, Batch, WriteAnswer

INGEST: Final = "/data/ingest"


class CoreWriter(Writer[WriterConfig]):
    """Writes to Core. A chunk may take several requests; on a retry, those that arrived are not sent again.

    Args:
        line: To Core.
    """

    name: ClassVar[str] = "core"
    summary: ClassVar[str] = "Gravital Core"

    def __init__(self, line: Line) -> None:
        super().__init__(WriterConfig())
        self._line = line
        self._begun = ("", 0)
        """Token of the chunk in progress, and how many of its requests arrived."""

    @property
    def address(self) -> str:
        return self._line.address

    def write(self, batches: Sequence[Batch], attempt: Attempt) -> WriteAnswer:
        metrics, refused = encode(batches)
        try:
            sent = self._send(requests_of(metrics), attempt.token)
        except CoreTooLarge as error:
            return NotWritten(str(error), Refusal.TOO_LARGE)
        except (CoreRefused, CorePanicked) as error:
            return NotWritten(str(error), Refusal.DOUBTFUL)
        except CoreError as error:  # no cause: Core answered, perhaps about the data
            raise _for_sender(error) from error.__cause__
        return Written(sent, refused)

    def _send(self, requests: Iterable[bytes], token: str) -> int:
        """Send the requests of a chunk that have not arrived yet; returns the bytes sent."""
        sent, done = 0, self._begun[1] if token and self._begun[0] == token else 0
        for number, body in enumerate(requests):
            if number >= done:
                sent += self._line.post_now(INGEST, body)
                self._begun = token, number + 1
        self._begun = ("", 0)
        return sent


def _for_sender(error: CoreError) -> WriteError:
    """The corresponding error of the writer contract."""
    match error:
        case CoreUnavailable():
            return WriterUnavailable(str(error), retry_after=error.retry_after, sent=error.sent)
        case IdentityLost():
            return WriterUnavailable(str(error), sent=False)
        case CoreMisconfigured():
            return WriterMisconfigured(str(error))
        case _:
            return WriterUnavailable(str(error), sent=error.sent)
