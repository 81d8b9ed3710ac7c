"""Maps every error to a message and an exit code, without a traceback."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING

from orbital_sentinel.errors import (
    BAD_CONFIGURATION,
    FAILED,
    NO_MEMORY,
    NO_THREADS,
    OK,
    USAGE,
    Failure,
    Misuse,
)
from orbital_sentinel.process import streams

if TYPE_CHECKING:
    from collections.abc import Callable

show_tracebacks = False
"""Set by `sentinel --debug`."""


def run(command: Callable[[], object]) -> int:
    """Run a command and return the exit code of the process."""
    try:
        try:
            command()
        finally:
            sys.stdout.flush()  # here, where an error is still reported
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else OK if end.code is None else FAILED
    except KeyboardInterrupt:
        return 130  # as shells report SIGINT
    except BrokenPipeError:
        streams.forget_stdout()
        return FAILED
    except Exception as error:  # noqa: BLE001 (no exception may reach the interpreter)
        if show_tracebacks:
            traceback.print_exc()
        if streams.is_about_output(error):
            streams.forget_stdout()
        return _explain(error)
    return OK


def _explain(error: Exception) -> int:
    from orbital_runtime.settings.problem import SettingsError
    from orbital_runtime.telemetry.server.listen import CannotListen
    from orbital_sdk import OrbitalError
    from orbital_sentinel.client.client import NotRunning, Refused
    from orbital_sentinel.terminal.output import complain

    if isinstance(error, SettingsError):
        for problem in error.problems:
            complain(f"error: {problem}")
        complain(_count(len(error.problems)))
        return BAD_CONFIGURATION
    if isinstance(error, Refused) and error.problems:
        for problem in error.problems:
            complain(f"error: {problem}")
        complain(str(error))
        return BAD_CONFIGURATION
    if isinstance(error, Misuse):
        for line in str(error).splitlines():
            complain(f"error: {line}")
        return USAGE
    if words := _of_the_system(error):
        complain(f"error: {words}")
        return FAILED
    if isinstance(error, Failure | NotRunning | Refused | CannotListen | OrbitalError):
        hint = getattr(error, "hint", "")
        complain(f"error: {error}; {hint}" if hint else f"error: {error}")
        return FAILED
    where = _keep_details(error)
    complain(f"error: {type(error).__name__}: {error} (this is a bug; details are in {where})")
    return FAILED


def _of_the_system(error: Exception) -> str:
    """The message for an error of the operating system, which is not a bug; empty for others."""
    if streams.is_about_output(error):
        return f"it could not all be written: {streams.why(error)}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, MemoryError):
        return NO_MEMORY
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return NO_THREADS
    return ""


def _count(problems: int) -> str:
    return (
        f"{problems} problem{'s' if problems > 1 else ''} in the configuration; nothing was started"
    )


def _keep_details(error: Exception) -> str:
    """Write the traceback to a file of mode 0600; returns where to find it."""
    from orbital_runtime.paths import data_dir
    from orbital_runtime.telemetry.logs.setup import redact

    text = redact("".join(traceback.format_exception(error)))
    path = data_dir() / "crash.log"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        return "the output of `sentinel --debug ...`"
    return str(path)
