"""What an answer shows, and what an error leaves open. Pure: no request is made here, and nothing counted."""

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
"""What only a destination says that understands samples."""


class WriteTimeout(WriterUnavailable):
    """The writer did not return in time. Whether the destination stored the data is unknown, if it was
    `sent`.
    """


class WriterBug(WriterUnavailable):
    """The writer did what no writer should. Its samples are kept and tried again."""


def understands(answer: WriteAnswer, rows: int) -> bool:
    """Whether the answer to so many rows shows that the destination understands samples: it took some, or
    speaks of them. A writer may refuse all of them by itself, which shows nothing.
    """
    match answer:
        case Written(bytes=size, refused=refused):
            return size > 0 or len(refused) < rows
        case NotWritten(refusal=refusal):
            return refusal in OF_SAMPLES


def proves(answer: WriteAnswer, words: str, rows: int) -> bool:
    """Whether the answer to so many other rows shows that these words are about samples."""
    if isinstance(answer, NotWritten) and answer.refusal is Refusal.DOUBTFUL:
        return answer.reason != words
    return understands(answer, rows)


def is_answer(error: BaseException) -> bool:
    """Whether the destination said something that can be about the data.

    It did not where it asked to wait, where nothing arrived, and where a foreign error stands behind:
    writers keep the cause of a broken connection, and an answer has none.
    """
    return (
        isinstance(error, WriterUnavailable)
        and not isinstance(error, WriteTimeout)
        and error.sent
        and error.retry_after is None
        and error.__cause__ is None
    )


def may_be_stored(error: BaseException) -> bool:
    """Whether the destination may have the samples although this was raised."""
    if isinstance(error, WriterUnavailable):
        return error.sent
    return not isinstance(error, WriterMisconfigured | ConfigurationError)


def kind(failure: WriteError | ConfigurationError | NotWritten) -> str:
    """Under which name a request that failed is counted."""
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
