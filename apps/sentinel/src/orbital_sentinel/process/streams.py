"""Handles standard streams that are closed, or whose reader has gone."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import Any, Final, TypeGuard

_FLAGS: Final = {0: os.O_RDONLY, 1: os.O_RDONLY, 2: os.O_WRONLY}
"""Mode in which /dev/null replaces a closed stream. A closed stdout is opened for reading, so that writes to
it fail, as in other programs."""
_LOST: Final = (errno.ENOSPC, errno.EDQUOT, errno.EBADF)


def take_places() -> None:
    """Replace closed streams: otherwise the next opened file or socket would get what is written to them."""
    for descriptor, flags in _FLAGS.items():
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)  # gets the lowest free number, which is this one
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] (None if it was closed)
        sys.stdin = _opened(0, "r")
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison] (as above)
        sys.stdout = _opened(1, "w")
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison] (as above)
        sys.stderr = _opened(2, "w")


def is_about_output(error: BaseException) -> TypeGuard[OSError]:
    """Whether the error means that output of a command was lost."""
    return isinstance(error, OSError) and error.errno in _LOST and not error.filename


def why(error: OSError) -> str:
    """The reason as a message."""
    closed = error.errno == errno.EBADF
    return "standard output is closed" if closed else error.strerror or str(error)


def forget_stdout() -> None:
    """Redirect stdout to /dev/null after a write error, so that Python reports no further one at exit."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _opened(descriptor: int, mode: str) -> Any:
    return open(descriptor, mode, encoding="utf-8", closefd=False)
