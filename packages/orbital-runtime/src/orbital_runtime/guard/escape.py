"""What strangers raise that is no `Exception` (gevent's time-outs, `sys.exit()`, a `CancelledError` of their
own) ends their own work and nothing else.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import TracebackType


class Escape(RuntimeError):  # noqa: N818 (reads as what happened)
    """Stands for such a raised thing, which is its cause."""


def as_exception(error: BaseException) -> Exception:
    """The same error where it is an `Exception`, else an `Escape` caused by it."""
    if isinstance(error, Exception):
        return error
    escape = Escape(f"{type(error).__name__} was raised, which is no Exception")
    escape.__cause__ = error
    return escape


def origin(error: BaseException) -> BaseException:
    """What was raised: the cause of an `Escape`, else the error itself."""
    cause = error.__cause__
    return cause if isinstance(error, Escape) and cause is not None else error


class _Contained:
    """As a block: whatever leaves it is an `Exception`."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        if error is not None and not isinstance(error, Exception) and not _by_hand(error):
            raise as_exception(error)


contained: Final = _Contained()


def _by_hand(error: BaseException) -> bool:
    """Whether it is the user's Ctrl-C: no agent runs in this process that would handle it."""
    return (
        isinstance(error, KeyboardInterrupt)
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
