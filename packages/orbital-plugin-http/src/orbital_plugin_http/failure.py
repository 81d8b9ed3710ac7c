"""Why a probe failed, and which error of the SDK that is."""

from __future__ import annotations

import ssl
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from orbital_sdk import AuthenticationFailed, CollectError, DeviceUnreachable, UnexpectedReply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_sdk import Sample


class Reason(StrEnum):
    """The label `reason` of `probe_http_failure_reason`."""

    DNS = "dns"
    """The name has no address."""
    CONNECT = "connect"
    """Nothing takes the connection."""
    TLS = "tls"
    """No secure connection, or a certificate that is not to be trusted."""
    TIMEOUT = "timeout"
    """The time is up."""
    PROTOCOL = "protocol"
    """Not HTTP, cut off, or with headers beyond all measure."""
    REDIRECT = "redirect"
    """Too many redirects, or one to nowhere."""
    STATUS = "status"
    """Another status than expected."""
    BODY = "body"
    """Too large, not to be decoded, or not what it has to be."""


_CLASSES: Final[dict[Reason, type[CollectError]]] = {
    Reason.DNS: DeviceUnreachable,
    Reason.CONNECT: DeviceUnreachable,
    Reason.TIMEOUT: DeviceUnreachable,
}


class ProbeFailedError(Exception):
    """A probe came to its end early.

    Args:
        reason: Where it failed.
        message: What happened; without method and URL, which are added later.
        refused: Whether the credentials were what the server did not like.
    """

    def __init__(self, reason: Reason, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.refused = refused

    def translated(self, what: str, samples: Sequence[Sample]) -> CollectError:
        """The SDK's error for it; `what` names the request."""
        cls = AuthenticationFailed if self.refused else _CLASSES.get(self.reason, UnexpectedReply)
        return cls(f"{what}: {self}", samples=samples)


def why(error: OSError) -> str:
    """The system's words for what happened, without numbers."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    return error.strerror or str(error)
