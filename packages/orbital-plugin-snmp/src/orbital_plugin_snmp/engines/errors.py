"""What can go wrong between us and a device. The class says what the agent does next."""

from __future__ import annotations

from typing import Final

from orbital_sdk import AuthenticationFailed, DeviceUnreachable, UnexpectedReply


class NoAnswer(DeviceUnreachable):
    """Nothing came in time. With v1 and v2c a wrong community looks like this: devices keep silent."""


class Refused(AuthenticationFailed):
    """The device says that user, password, community or context are wrong."""


class Malformed(UnexpectedReply):
    """It answered something that is not SNMP, or not what was asked."""


class TooBig(UnexpectedReply):
    """The answer does not fit into a message of the device's (RFC 3416 4.2.1)."""


class ErrorStatus(UnexpectedReply):
    """The device answered with an error.

    Args:
        message: What happened, to which device.
        status: `error-status` of the PDU (RFC 3416 3).
        index: `error-index`: which varbind, from 1; 0 for none.
    """

    def __init__(self, message: str, *, status: int, index: int) -> None:
        super().__init__(message)
        self.status = status
        self.index = index


STATUS: Final = {
    1: "tooBig", 2: "noSuchName", 3: "badValue", 4: "readOnly", 5: "genErr", 6: "noAccess",
    7: "wrongType", 8: "wrongLength", 9: "wrongEncoding", 10: "wrongValue", 11: "noCreation",
    12: "inconsistentValue", 13: "resourceUnavailable", 14: "commitFailed", 15: "undoFailed",
    16: "authorizationError", 17: "notWritable", 18: "inconsistentName",
}  # fmt: skip
TOO_BIG: Final = 1
NO_SUCH_NAME: Final = 2
GENERAL: Final = 5
AUTHORIZATION_ERROR: Final = 16
