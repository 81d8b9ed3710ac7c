"""Why a command failed, and the exit codes that say so."""

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
    """A command could not do what was asked; the message is all that a user needs."""


class Misuse(Exception):  # noqa: N818 (as above)
    """The command was given what it cannot take; exit code 2."""
