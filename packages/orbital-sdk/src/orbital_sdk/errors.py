"""The error tree. An error's class says what the agent does next; its message says what the user can do.

Plugins and writers translate every foreign error at their border and keep the cause (`raise ... from error`).
Anything that is not an `OrbitalError` is treated as a bug: caught, logged once with its traceback, counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_sdk.secrecy import scrub

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_sdk.metric import Sample


class OrbitalError(Exception):
    """Base of all errors that the agent acts upon. Its text has no secret that this process holds."""

    def __str__(self) -> str:
        return scrub(super().__str__())

    def __repr__(self) -> str:
        return scrub(super().__repr__())


class ConfigurationError(OrbitalError):
    """The settings cannot work. An output is refused until they change, a task pauses and is retried slowly.

    Args:
        message: What is wrong and what would be right.
        field: The field at fault, dotted, where one is known.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class CollectError(OrbitalError):
    """A collection failed, wholly or in part.

    Args:
        message: What happened, to which device.
        samples: What was read all the same; kept and delivered. A generator need not pass them:
            what it yielded before the error is kept anyway.
    """

    def __init__(self, message: str, *, samples: Sequence[Sample] = ()) -> None:
        super().__init__(message)
        self.samples = samples


class DeviceUnreachable(CollectError):  # noqa: N818 (reads as what happened, as in the field)
    """No answer. Tried again at the next turn, and less often while it stays down."""


class AuthenticationFailed(CollectError):  # noqa: N818 (as above)
    """The device refused the credentials. The task pauses and is retried slowly."""


class UnexpectedReply(CollectError):  # noqa: N818 (as above)
    """The device answered something that makes no sense here. Counted; tried at the next turn."""


class PartialCollect(CollectError):  # noqa: N818 (as above)
    """Some of it came. The samples are kept and the device counts as up.

    Args:
        message: What is missing.
        failed: How many parts (tables, registers, values) did not come.
        samples: As in `CollectError`.
    """

    def __init__(self, message: str, *, failed: int = 1, samples: Sequence[Sample] = ()) -> None:
        super().__init__(message, samples=samples)
        self.failed = failed


class ReceiverStopped(CollectError):  # noqa: N818 (as above)
    """What was emitted is not taken: its serving is over. A sender may try again, and finds the next one."""


class EmissionTooLarge(CollectError):  # noqa: N818 (as above)
    """One emission has more samples than it may have, and none of them was taken. They are counted.

    Args:
        message: What was too large.
        limit: Samples that one emission may have.
        given: How many it has, as far as they were counted.
    """

    def __init__(self, message: str, *, limit: int, given: int = 0) -> None:
        super().__init__(message)
        self.limit = limit
        self.given = given


class BufferRefused(CollectError):  # noqa: N818 (as above)
    """The buffer does not take what was emitted: it is full, or no output is there. It is counted.

    A sender that keeps it may try again later.
    """


class WriteError(OrbitalError):
    """Nothing is known of what became of a call of `write`."""


class WriterUnavailable(WriteError):  # noqa: N818 (as above)
    """The destination cannot take samples now. Everything is kept; the output backs off.

    Args:
        message: What happened, at which address.
        retry_after: Seconds that the destination asked to wait, if it did.
        sent: Whether the destination may have stored it. False where nothing can have been stored:
            connection refused, name unknown, TLS failed before the request went out.
    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, sent: bool = True
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.sent = sent


class WriterMisconfigured(WriteError):  # noqa: N818 (as above)
    """A person has to change something (401, 403, 404 and their like). All is kept, the output pauses."""
