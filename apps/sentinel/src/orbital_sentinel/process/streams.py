"""Standard streams that whoever started us may have closed, or stopped to read."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import Any, Final, TypeGuard

_FLAGS: Final = {0: os.O_RDONLY, 1: os.O_RDONLY, 2: os.O_WRONLY}
"""How /dev/null takes the place of a closed one: who writes to a closed stdout shall hear of it, as with
other programs."""
_LOST: Final = (errno.ENOSPC, errno.EDQUOT, errno.EBADF)


def take_places() -> None:
    """Fill the places of closed ones: the next file, or a socket, would get what is written to them."""
    for descriptor, flags in _FLAGS.items():
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)  # the lowest free number is this one
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] (it is where it was closed)
        sys.stdin = _opened(0, "r")
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison] (as above)
        sys.stdout = _opened(1, "w")
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison] (as above)
        sys.stderr = _opened(2, "w")


def is_about_output(error: BaseException) -> TypeGuard[OSError]:
    """Whether what a command printed went nowhere."""
    return isinstance(error, OSError) and error.errno in _LOST and not error.filename


def why(error: OSError) -> str:
    """In words."""
    closed = error.errno == errno.EBADF
    return "standard output is closed" if closed else error.strerror or str(error)


def forget_stdout() -> None:
    """The reader of a pipe is gone, or there is no room: keep Python from complaining about it at exit."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _opened(descriptor: int, mode: str) -> Any:
    return open(descriptor, mode, encoding="utf-8", closefd=False)
