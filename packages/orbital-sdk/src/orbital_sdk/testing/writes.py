"""A blocking writer as tests call it: batches in, bytes or a refusal out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orbital_sdk.contract.context import Attempt
from orbital_sdk.contract.written import NotWritten, Written

if TYPE_CHECKING:
    from orbital_sdk.contract.batch import Batch
    from orbital_sdk.contract.writer import Writer


class Writes:
    """Calls the plain `write` of a writer that was started.

    >>> write = Writes(writer)
    >>> write(batch)                    # all of it has to be stored; gives the bytes that went out
    >>> write.refusal(batch).reason     # none of it is
    >>> write.answer(batch, attempt=2)  # whatever it says

    Args:
        writer: Its `write` is a plain `def`.
    """

    def __init__(self, writer: Writer[Any]) -> None:
        self.writer = writer

    def answer(self, *batches: Batch, attempt: int = 1, token: str = "") -> Any:
        """What it gives."""
        return self.writer.write(batches, Attempt(attempt, token))

    def refusal(self, *batches: Batch, attempt: int = 1) -> NotWritten:
        """What it gives where nothing is stored."""
        answer = self.answer(*batches, attempt=attempt)
        assert isinstance(answer, NotWritten), answer  # noqa: S101 (a test's own check)
        return answer

    def __call__(self, *batches: Batch, attempt: int = 1, token: str = "") -> int:
        """The bytes that went out; all has to be stored."""
        answer = self.answer(*batches, attempt=attempt, token=token)
        assert isinstance(answer, Written), answer  # noqa: S101 (as above)
        assert not answer.refused, answer  # noqa: S101 (as above)
        return answer.bytes
