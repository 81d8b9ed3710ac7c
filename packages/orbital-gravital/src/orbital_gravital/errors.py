"""Errors of calls to Core. The class determines how to react."""

from __future__ import annotations

from orbital_sdk import OrbitalError


class CoreError(OrbitalError):
    """A call that did not succeed.

    Args:
        message: What happened, at which address.
        sent: Whether the request may have reached Core and taken effect.
    """

    retry_after: float | None = None
    """Seconds to wait that Core, or a proxy before it, requested."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class CoreUnavailable(CoreError):  # noqa: N818 (reads as what happened)
    """Temporary: try again later.

    Args:
        retry_after: Requested seconds to wait, if any.
    """

    def __init__(
        self, message: str, *, sent: bool = True, retry_after: float | None = None
    ) -> None:
        super().__init__(message, sent=sent)
        self.retry_after = retry_after


class CoreMisconfigured(CoreError):  # noqa: N818 (as above)
    """A person has to correct something: the address, a certificate, a proxy in between."""


class CoreRefused(CoreError):  # noqa: N818 (as above)
    """Core refuses this payload. It would refuse the same again."""


class CoreTooLarge(CoreRefused):
    """The request is too large (413)."""


class NotThere(CoreRefused):
    """The object of the call does not exist (any more)."""


class CorePanicked(CoreError):  # noqa: N818 (as above)
    """An empty 500: the server failed on this request."""


class IdentityLost(CoreError):  # noqa: N818 (as above)
    """Core does not know this sentinel, which has to register again."""
