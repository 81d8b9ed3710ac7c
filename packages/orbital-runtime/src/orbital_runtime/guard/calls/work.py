"""A stranger's coroutine, which the task that awaits it can let go of in the middle.

A task of its own for every collection would do the same and cost more than the collection of a small
device (docs/decisions/0012-deadlines.md).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from orbital_runtime.guard.escape import as_exception

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

T = TypeVar("T")


class Unfinished(Exception):  # noqa: N818 (reads as what happened)
    """Time is up, and the coroutine goes on all the same."""


class Work(Generic[T]):
    """Awaits a coroutine as `await` does. Awaited again after `Unfinished`, it goes on where it was.

    Args:
        coroutine: Not begun yet.
        plugin: Whose it is.
        task: For which task, or which output of a writer; empty for none.
        kind: What it is, where it is not a plugin.
    """

    __slots__ = ("_coroutine", "_pending", "_suspended", "cut", "kind", "plugin", "task")

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, T],
        plugin: str,
        task: str = "",
        *,
        kind: str = "plugin",
    ) -> None:
        self._coroutine = coroutine
        self._suspended = False
        self._pending: Any = None
        """What the coroutine waits for, while it is suspended."""
        self.kind = kind
        self.plugin = plugin
        self.task = task
        self.cut = False
        """Set when time is up, by whoever then cancels the task: what happens next is the coroutine's last
        chance to end."""

    def __await__(self) -> Generator[Any, Any, T]:
        """Raise whatever the coroutine raises.

        Raises:
            Unfinished: It was cut, told so, and wants to wait for something else.
            Escape: It raised what is no `Exception`, other than a `CancelledError`.
        """
        coroutine, cut, closing = self._coroutine, self.cut, False
        try:
            if not self._suspended:
                self._pending, self._suspended = coroutine.send(None), True
            while self.cut is cut:
                try:
                    yield self._pending
                except BaseException as error:  # noqa: BLE001 (all of it is the coroutine's to see)
                    closing = isinstance(error, GeneratorExit)
                    self._pending = coroutine.throw(error)
                else:
                    self._pending = coroutine.send(None)
        except StopIteration as stop:
            return stop.value
        except (Exception, asyncio.CancelledError):
            raise
        except BaseException as error:
            if closing:
                raise
            raise as_exception(error) from error
        raise Unfinished
