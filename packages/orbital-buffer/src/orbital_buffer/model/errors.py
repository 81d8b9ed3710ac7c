"""Errors of a buffer."""

from __future__ import annotations

from orbital_sdk import OrbitalError


class BufferFull(Exception):  # noqa: N818 (reads as what happened)
    """`drop_newest` refused these batches; they are counted as dropped."""


class NoReader(Exception):  # noqa: N818 (as above)
    """No output is attached."""


class BufferUnusable(OrbitalError):  # noqa: N818 (as above)
    """It cannot be opened; the message says why and what to do."""


class BufferUnreadable(Exception):  # noqa: N818 (as above)
    """Waiting samples cannot be read now; nothing is lost, and it is not an error of a destination."""


class BufferInUse(BufferUnusable):
    """Another process uses it.

    Args:
        message: As above.
        pid: Of that process, if known.
    """

    def __init__(self, message: str, pid: str = "unknown") -> None:
        super().__init__(message)
        self.pid = pid


class BufferClosed(Exception):  # noqa: N818 (as above)
    """The buffer was closed."""
