"""What can become of a request, each with the name under which it is counted."""

from __future__ import annotations

from typing import Final

CODES: Final = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "server device failure",
    5: "acknowledge: it takes long",
    6: "server device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target device failed to respond",
}
"""Modbus Application Protocol Specification V1.1b3, 7."""
GATEWAY_CODES: Final = frozenset({10, 11})
"""The gateway says that the unit behind it does not answer."""

SPLITS: Final = frozenset({2, 3})
"""They may be about a part of the read: illegal data address, illegal data value."""


class ExchangeError(Exception):
    """A request has no answer that can be used."""

    reason = "error"
    """Its name in `modbus_errors_total`."""


class Refused(ExchangeError):  # noqa: N818 (reads as what happened)
    """The device answered with an exception."""

    reason = "exception"

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code} ({CODES.get(code, 'not in the specification')})")
        self.code = code


class NoAnswer(ExchangeError):  # noqa: N818 (as above)
    """The time-out passed."""

    reason = "timeout"


class Cut(ExchangeError):  # noqa: N818 (as above)
    """There is no connection, or it ended while an answer was awaited."""

    reason = "connection"
    connecting = False
    """It was never made: trying again at once would be of no use."""
    stale = False
    """It had answered before: it may have been closed while nobody used it."""


class Garbled(ExchangeError):  # noqa: N818 (as above)
    """Something came that is not an answer to the request.

    Args:
        reason: `wrong_unit`, `wrong_function`, `wrong_length` or `garbled`.
        message: What came.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class OutOfTime(ExchangeError):  # noqa: N818 (as above)
    """The task's own timeout ends before an answer could come."""

    reason = "out_of_time"

    def __init__(self) -> None:
        super().__init__("the task's timeout leaves no more time")


class Resting(ExchangeError):  # noqa: N818 (as above)
    """It was left alone, because it did not answer before. No request was sent."""

    reason = "resting"
