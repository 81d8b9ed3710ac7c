"""What can be concluded from a writer's answer or error. Pure."""

from __future__ import annotations

from typing import Final

from orbital_sdk import (
    ConfigurationError,
    NotWritten,
    Refusal,
    WriteAnswer,
    WriteError,
    WriterMisconfigured,
    WriterUnavailable,
    Written,
)

OF_SAMPLES: Final = frozenset({Refusal.BAD, Refusal.THERE})
"""Refusals that only a destination gives that parsed the samples."""


class WriteTimeout(WriterUnavailable):
    """The writer did not return in time. If it was `sent`, the outcome is unknown."""


class WriterBug(WriterUnavailable):
    """The writer broke its contract. The samples are kept and sent again."""


def understands(answer: WriteAnswer, rows: int) -> bool:
    """Whether the answer to so many rows shows that the destination parses samples: it stored some, or
    refused them as samples. Rows that the writer itself refused show nothing.
    """
    match answer:
        case Written(bytes=size, refused=refused):
            return size > 0 or len(refused) < rows
        case NotWritten(refusal=refusal):
            return refusal in OF_SAMPLES


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


def may_be_stored(error: BaseException) -> bool:
    """Whether the destination may have stored the samples despite this error."""
    if isinstance(error, WriterUnavailable):
        return error.sent
    return not isinstance(error, WriterMisconfigured | ConfigurationError)


def kind(failure: WriteError | ConfigurationError | NotWritten) -> str:
    """The name under which a failed request is counted."""
    match failure:
        case NotWritten(refusal=Refusal.TOO_LARGE):
            return "too_large"
        case NotWritten():
            return "rejected"
        case WriterBug():
            return "bug"
        case WriteTimeout():
            return "timeout"
        case WriterMisconfigured() | ConfigurationError():
            return "misconfigured"
        case _:
            return "unavailable"
