"""Exceptions of commands, and their exit codes."""

from __future__ import annotations

from typing import Final

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
BAD_CONFIGURATION: Final = 78
"""EX_CONFIG of sysexits.h."""

NO_THREADS: Final = (
    "the system lets this process have no more threads; look at `ulimit -u`, TasksMax of the service and "
    "pids.max of the container"
)
NO_MEMORY: Final = (
    "the system lets this process have no more memory; look at `ulimit -v`, MemoryMax of the service and the "
    "limit of the container"
)


class Failure(Exception):  # noqa: N818 (reads as what happened)
    """A command failed; only the message is shown to the user."""


class Misuse(Exception):  # noqa: N818 (as above)
    """Wrong usage of a command; exit code 2."""
