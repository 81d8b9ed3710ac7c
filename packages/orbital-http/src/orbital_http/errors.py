"""What a request without an answer was. The class says what to do next."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from orbital_sdk import OrbitalError, WriterMisconfigured, WriterUnavailable

if TYPE_CHECKING:
    from collections.abc import Generator


class RequestFailed(OrbitalError):  # noqa: N818 (reads as what happened)
    """No answer came, or not all of it.

    Args:
        message: What happened, at which address, without user, password and query.
        sent: Whether the server may have acted upon the request. False where no byte of it went out.
    """

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class HttpUnavailable(RequestFailed):
    """Try again later."""


class HttpMisconfigured(RequestFailed):
    """A person has to change something; the message says which setting to look at."""


@contextmanager
def write_errors() -> Generator[None]:
    """A request that fails meanwhile is what `Writer.write` raises.

    Raises:
        WriterUnavailable, WriterMisconfigured
    """
    try:
        yield
    except HttpMisconfigured as error:
        raise WriterMisconfigured(str(error)) from error
    except RequestFailed as error:
        raise WriterUnavailable(str(error), sent=error.sent) from error
