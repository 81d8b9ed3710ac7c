"""Closes sessions, each in its own asyncio task. A `close` that fails or hangs is counted and logged once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from orbital_runtime.guard.escape import as_exception, origin
from orbital_runtime.guard.wording import named, place, words
from orbital_sdk import Context, OrbitalError
from orbital_sdk.calling.invoke import call

if TYPE_CHECKING:
    from orbital_runtime.guard.calls.invoker import Invoker
    from orbital_runtime.plugins.task_session import TaskSession
    from orbital_sdk import Session

log = logging.getLogger("orbital.plugins")


class Closer:
    """Belongs to the event loop.

    Args:
        invoker: Calls plugins.
        seconds: Time limit of one `close`.
    """

    def __init__(self, invoker: Invoker, seconds: float) -> None:
        self.seconds = seconds
        self.failed: Counter[str] = Counter()
        """How many `close` calls failed or took too long, by plugin."""
        self._invoker = invoker
        self._going: set[asyncio.Task[None]] = set()
        """Running tasks: the event loop keeps only weak references."""
        self._told: set[tuple[str, type, str]] = set()

    def close(self, task_session: TaskSession, session: Session) -> asyncio.Task[None]:
        """Start closing. The task ends when the session is closed or was given up; it never raises."""
        closing = asyncio.get_running_loop().create_task(self._close(task_session, session))
        self._going.add(closing)
        closing.add_done_callback(self._going.discard)
        return closing

    async def _close(self, task_session: TaskSession, session: Session) -> None:
        task, deadline = task_session.task, time.monotonic() + self.seconds
        ctx = Context(task.id, task.device_id, self.seconds, deadline, log)
        try:
            await self._invoker.call(partial(call, session.close), task_session.plugin, ctx)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 (whatever a plugin raises costs its own session alone)
            self._fail(task_session, as_exception(error))

    def _fail(self, task_session: TaskSession, error: Exception) -> None:
        name, raised = task_session.plugin.name, origin(error)
        self.failed[name] += 1
        kind = name, type(raised), place(raised)
        if kind in self._told:
            return
        self._told.add(kind)
        known = isinstance(error, OrbitalError)
        log.error(
            "plugin %s did not close its session with %s: %s; further ones are only counted",
            name,
            task_session.target or task_session.task.id,
            words(raised) if known else named(raised),
            exc_info=None if known else raised,
        )
