"""Containment of what third-party code raises that is no `Exception`: gevent's timeouts, `sys.exit()`, a
`CancelledError` of its own.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import TracebackType


class Escape(RuntimeError):  # noqa: N818 (reads as what happened)
    """Raised instead of what is no `Exception`, which is its cause."""


def as_exception(error: BaseException) -> Exception:
    """The error itself if it is an `Exception`, otherwise an `Escape` with it as the cause."""
    if isinstance(error, Exception):
        return error
    escape = Escape(f"{type(error).__name__} was raised, which is not an Exception")
    escape.__cause__ = error
    return escape


def origin(error: BaseException) -> BaseException:
    """The original error: the cause of an `Escape`, otherwise the error itself."""
    cause = error.__cause__
    return cause if isinstance(error, Escape) and cause is not None else error


class _Contained:
    """A context manager that turns everything raised into an `Exception`."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        if error is not None and not isinstance(error, Exception) and not _by_hand(error):
            raise as_exception(error)


contained: Final = _Contained()


def _by_hand(error: BaseException) -> bool:
    """Whether it is a Ctrl-C that no agent in this process handles."""
    return (
        isinstance(error, KeyboardInterrupt)
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
