"""What a run failed with that the agent itself had to end, or could not begin."""

from __future__ import annotations

from orbital_sdk import CollectError


class OverLimit(TimeoutError):  # noqa: N818 (reads as what happened)
    """It took longer than it had; ours, and not one of the code that was called."""


class Timeout(CollectError):  # noqa: N818 (reads as what happened)
    """The deadline came first."""


class NoThread(CollectError):  # noqa: N818 (as above)
    """Every thread of the plugin was in use until the deadline."""


class StillRunning(CollectError):  # noqa: N818 (as above)
    """An earlier run was given up and goes on all the same."""
