"""Why a name has no address."""

from __future__ import annotations

from typing import Final, NamedTuple

from orbital_sdk import DeviceUnreachable


class Failure(NamedTuple):
    """What a look-up ended with in place of addresses."""

    reason: str
    final: bool
    """Whether a name server said so; else it could not be asked, or failed."""


UNKNOWN: Final = Failure("no such name", final=True)
NO_ADDRESS: Final = Failure("it has no address of this IP version", final=True)
INVALID: Final = Failure("it is not a valid name", final=True)
SILENT: Final = Failure("the name server does not answer", final=False)
REFUSED: Final = Failure("the name server refuses to answer", final=False)
BROKEN: Final = Failure("the name server failed", final=False)
CROWDED: Final = Failure("too many names wait for an answer of the name server", final=False)


class Unresolved(DeviceUnreachable):
    """A name has no address, or none that could be found out in time.

    Attributes:
        reason: Why, without the name.
        final: Whether a name server said so; else it could not be asked, or failed.
    """

    def __init__(self, host: str, failure: Failure) -> None:
        super().__init__(f"cannot resolve {host}: {failure.reason}")
        self.reason, self.final = failure
