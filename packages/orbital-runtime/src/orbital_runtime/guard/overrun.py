"""Errors of runs that the agent ended, or could not start."""

from __future__ import annotations

from orbital_sdk import CollectError


class OverLimit(TimeoutError):  # noqa: N818 (reads as what happened)
    """The agent's time limit was exceeded; not an error of the code that was called."""


class Timeout(CollectError):  # noqa: N818 (reads as what happened)
    """The deadline was reached."""


class NoThread(CollectError):  # noqa: N818 (as above)
    """All threads of the plugin were in use until the deadline."""


class StillRunning(CollectError):  # noqa: N818 (as above)
    """An earlier run was abandoned and has not ended."""
