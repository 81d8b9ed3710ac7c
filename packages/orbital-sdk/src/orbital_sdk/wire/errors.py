"""Errors as they cross: their classes by name, the nearest first, and the fields that these have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from orbital_sdk import errors as sdk
from orbital_sdk.wire.form import Form
from orbital_sdk.wire.limits import Name, Number, Seconds, Words, cut

if TYPE_CHECKING:
    from collections.abc import Mapping

BUG: Final = "Bug"
"""The class of an error that is not one of the SDK's."""
LONGEST_TRACE: Final = 65_536


class Bug(Exception):  # noqa: N818 (as the SDK's own are named)
    """What came over the border is not an error of the contract.

    Args:
        message: Its class, its text, and where it was raised.
        trace: Its traceback, for the log.
    """

    def __init__(self, message: str, *, trace: str = "") -> None:
        super().__init__(message)
        self.trace = trace


class Error(Form):
    """What was raised. The samples of a `CollectError` cross beside it, as records."""

    classes: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1, max_length=16)]
    """Names of the SDK's classes that it is, the nearest first. Who does not know one takes the next; who
    knows none takes it for a bug. A bug of the plugin is `Bug` alone."""
    text: Words
    """For people: what happened, to which device, what to do. No secrets."""
    field: Name | None = None
    """`ConfigurationError`: the field at fault, dotted."""
    failed: Number = 1
    """`PartialCollect`: how many parts did not come."""
    limit: Number = 0
    """`EmissionTooLarge`: samples that one emission may have."""
    given: Number = 0
    """`EmissionTooLarge`: how many it had, as far as they were counted."""
    retry_after: Seconds | None = None
    """`WriterUnavailable`: seconds that the destination asked to wait."""
    sent: bool = True
    """`WriterUnavailable`: whether the destination may have stored it."""
    trace: Annotated[str, msgspec.Meta(max_length=LONGEST_TRACE)] = ""
    """`Bug`: the traceback, for the log."""


FIELDS: Final[Mapping[type[sdk.OrbitalError], tuple[str, ...]]] = {
    sdk.OrbitalError: (),
    sdk.ConfigurationError: ("field",),
    sdk.CollectError: (),
    sdk.DeviceUnreachable: (),
    sdk.AuthenticationFailed: (),
    sdk.UnexpectedReply: (),
    sdk.PartialCollect: ("failed",),
    sdk.ReceiverStopped: (),
    sdk.EmissionTooLarge: ("limit", "given"),
    sdk.BufferRefused: (),
    sdk.WriteError: (),
    sdk.WriterUnavailable: ("retry_after", "sent"),
    sdk.WriterMisconfigured: (),
}
"""Every class that crosses by its name -> the fields of `Error` that are its own."""
_BY_NAME: Final = {cls.__name__: cls for cls in FIELDS}


def packed(error: Exception, *, trace: str = "") -> Error:
    """The error as it crosses.

    Args:
        error: Whatever was raised. A class that a plugin derived crosses as the one of the SDK that it is.
        trace: Its traceback, if it is a bug.
    """
    if not isinstance(error, sdk.OrbitalError):
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        return Error((BUG,), cut(said), trace=cut(trace[-LONGEST_TRACE:], LONGEST_TRACE))
    known = [cls for cls in type(error).__mro__ if cls in FIELDS]
    given: dict[str, Any] = {name: getattr(error, name) for name in FIELDS[known[0]]}
    return Error(tuple([cls.__name__ for cls in known]), cut(str(error)), **given)


def unpacked(error: Error) -> Exception:
    """The error that crossed, to be raised; a `Bug` where it is not one of the SDK's."""
    cls = next((_BY_NAME[name] for name in error.classes if name in _BY_NAME), None)
    if cls is None:
        return Bug(error.text, trace=error.trace)
    again = cls.__new__(cls, error.text)  # the text is there already, whatever it was made of
    if isinstance(again, sdk.CollectError):
        again.samples = ()
    for name in FIELDS[cls]:
        setattr(again, name, getattr(error, name))
    return again
