"""What the end of a stream means, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from grpc import StatusCode

from orbital_plugin_grpc.schema import PATH
from orbital_sdk.wire.limits import MESSAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

KNOWN: Final[Mapping[StatusCode, str]] = {
    StatusCode.UNAVAILABLE: "broke the connection",
    StatusCode.UNIMPLEMENTED: f"has no method {PATH}",
    StatusCode.UNAUTHENTICATED: "refused the agent's proof of the cookie",
    StatusCode.RESOURCE_EXHAUSTED: f"sent a message of more than {MESSAGE:,} bytes",
}
CORE: Final = "Internal error from Core"
"""What grpcio says where a write meets the end of a stream."""
LONGEST: Final = 300
"""Characters of what gRPC says."""


def reason(code: StatusCode, details: str | None) -> str:
    """What a program did, as a clause, by the status of its stream."""
    said = " ".join((details or "").split())[:LONGEST]
    if code is StatusCode.OK or (code is StatusCode.INTERNAL and said == CORE):
        return "ended the stream"
    words = KNOWN.get(code, f"ended the stream with {code.name}")
    return f"{words} ({said})" if said else words
