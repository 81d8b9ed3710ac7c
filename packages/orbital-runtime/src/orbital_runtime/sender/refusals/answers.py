"""What can be concluded from a writer's answer or error. Pure."""

from __future__ import annotations

from orbital_runtime.sender.failures import WriteTimeout
from orbital_sdk import NotWritten, Refusal, WriteAnswer, WriterUnavailable, Written
from orbital_sdk.contract.written import OF_A_SAMPLE


def understands(answer: WriteAnswer, rows: int) -> bool:
    """Whether the answer to so many rows shows that the destination parses samples: it stored some, or
    refused them as samples. Rows that the writer itself refused show nothing.
    """
    match answer:
        case Written(bytes=size, refused=refused):
            return size > 0 or len(refused) < rows
        case NotWritten(refusal=refusal):
            return refusal in OF_A_SAMPLE


def proves(answer: WriteAnswer, words: str, rows: int) -> bool:
    """Whether the answer to so many other rows proves that this error text is about samples."""
    if isinstance(answer, NotWritten) and answer.refusal is Refusal.DOUBTFUL:
        return answer.reason != words
    return understands(answer, rows)


def is_answer(error: BaseException) -> bool:
    """Whether the error is an answer of the destination that can be about the data.

    It is not if the destination asked to wait, if nothing was sent, or if the error has a cause: writers
    keep the cause of a broken connection, and an answer has none.
    """
    return (
        isinstance(error, WriterUnavailable)
        and not isinstance(error, WriteTimeout)
        and error.sent
        and error.retry_after is None
        and error.__cause__ is None
    )
