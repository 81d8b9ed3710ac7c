"""Failures of a write: those that the sender adds to the contract's, and what each means for the samples."""

from __future__ import annotations

from orbital_sdk import (
    ConfigurationError,
    NotWritten,
    Refusal,
    WriteError,
    WriterMisconfigured,
    WriterUnavailable,
)


class WriteTimeout(WriterUnavailable):
    """The writer did not return in time. If it was `sent`, the outcome is unknown."""


class WriterBug(WriterUnavailable):
    """The writer broke its contract. The samples are kept and sent again."""


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
