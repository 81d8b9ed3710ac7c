"""A third-party coroutine that the awaiting task can abandon.

A task for every collection would do the same, but cost more than the collection of a small device
(docs/decisions/0012-deadlines.md).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from orbital_runtime.guard.escape import as_exception

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

T = TypeVar("T")


class Unfinished(Exception):  # noqa: N818 (reads as what happened)
    """The time is up, and the coroutine continues."""


class Work(Generic[T]):
    """Awaits a coroutine as `await` does. Awaited again after `Unfinished`, it continues where it was.

    Args:
        coroutine: Not started.
        plugin: Name of its plugin or writer.
        task: Its task, or the output of a writer; empty for none.
        kind: `plugin` or `writer`.
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
        """The future that the suspended coroutine waits for."""
        self.kind = kind
        self.plugin = plugin
        self.task = task
        self.cut = False
        """Set when the time is up, before the task is cancelled. The coroutine must end then."""

    def __await__(self) -> Generator[Any, Any, T]:
        """Await the coroutine.

        Raises:
            Unfinished: It was cancelled as its time was up, and waits for something else.
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
