"""Why a buffer does not do what it was asked."""

from __future__ import annotations

from orbital_sdk import OrbitalError


class BufferFull(Exception):  # noqa: N818 (reads as what happened)
    """`drop_newest` refused these batches; they are counted as dropped already."""


class NoReader(Exception):  # noqa: N818 (as above)
    """No output is attached, so nothing was accepted for anybody."""


class BufferUnusable(OrbitalError):  # noqa: N818 (as above)
    """It cannot be opened; the message is a sentence that says why and what to do."""


class BufferUnreadable(Exception):  # noqa: N818 (as above)
    """What waits cannot be read just now; nothing is lost, and no destination is to blame."""


class BufferInUse(BufferUnusable):
    """Another process has it.

    Args:
        message: As above.
        pid: That process, as far as it is known.
    """

    def __init__(self, message: str, pid: str = "unknown") -> None:
        super().__init__(message)
        self.pid = pid


class BufferClosed(Exception):  # noqa: N818 (as above)
    """Nothing goes in or out any more."""
