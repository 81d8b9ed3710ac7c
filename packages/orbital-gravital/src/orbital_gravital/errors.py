"""What can come of a call to Core. The class says what to do next."""

from __future__ import annotations

from orbital_sdk import OrbitalError


class CoreError(OrbitalError):
    """A call that did not succeed.

    Args:
        message: What happened, at which address.
        sent: Whether Core may have acted upon it all the same.
    """

    retry_after: float | None = None
    """Seconds that Core, or what stands before it, asked to wait."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class CoreUnavailable(CoreError):  # noqa: N818 (reads as what happened)
    """Try again later.

    Args:
        retry_after: Seconds that it asked to wait, if it did.
    """

    def __init__(
        self, message: str, *, sent: bool = True, retry_after: float | None = None
    ) -> None:
        super().__init__(message, sent=sent)
        self.retry_after = retry_after


class CoreMisconfigured(CoreError):  # noqa: N818 (as above)
    """A person has to change something: the address, a certificate, what stands in between."""


class CoreRefused(CoreError):  # noqa: N818 (as above)
    """This very payload is not wanted. The same again would be refused again."""


class CoreTooLarge(CoreRefused):
    """It wants smaller requests (413)."""


class NotThere(CoreRefused):
    """What the call is about is not there (any more)."""


class CorePanicked(CoreError):  # noqa: N818 (as above)
    """500 with nothing in it: the server broke over this request."""


class IdentityLost(CoreError):  # noqa: N818 (as above)
    """Core does not know this sentinel; it has to register again."""
