"""The tasks that Core assigned to us: a list comes, and what is equal in it stays the very same task."""

from __future__ import annotations

import asyncio
import gc
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from orbital_runtime.core.spec import CoreTask, Unreadable, bind, read, reason
from orbital_runtime.core.trigger import Triggers
from orbital_runtime.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    import msgspec

    from orbital_runtime.scheduler.task import Task
    from orbital_runtime.settings.binding import Binder

SLICE: Final = 0.002
"""Seconds of work on a long list before the loop gets its turn."""


class _Known(NamedTuple):
    work: tuple[Any, ...]
    task: Task | None
    reason: str
    device_type: str


@dataclass(frozen=True, slots=True)
class News:
    """What a list brought."""

    changed: bool
    """Whether any task came, went or is other than before."""
    unusable: dict[str, str] = field(default_factory=dict[str, str])
    """Tasks that cannot run and were not told before, with the reason."""
    triggered: list[str] = field(default_factory=list[str])
    """Keys of tasks that somebody wants to run now."""
    unreadable: int = 0
    """Entries that are no tasks at all."""


class Assigned:
    """All of them, by Core's id."""

    def __init__(self) -> None:
        self.triggers = Triggers()
        self._known: dict[str, _Known] = {}

    def tasks(self) -> list[Task]:
        """Those that can run."""
        return [known.task for known in self._known.values() if known.task is not None]

    def unusable(self) -> dict[str, str]:
        """Those that cannot, with the reason."""
        return {name: k.reason for name, k in self._known.items() if k.task is None}

    def device_type(self, task_id: str) -> str:
        known = self._known.get(task_id)
        return "" if known is None else known.device_type

    def forget_bindings(self) -> None:
        """Plugins or their defaults changed: make every task anew at the next list."""
        self._known = {name: known._replace(work=()) for name, known in self._known.items()}

    async def take(self, entries: Sequence[msgspec.Raw], binder: Binder) -> News:
        """Go over to this list, in slices, so that a long one holds nobody up.

        A task that is broken in itself is left out and told; the others run.
        """
        with _no_collection():
            return await self._take(entries, binder)

    async def _take(self, entries: Sequence[msgspec.Raw], binder: Binder) -> News:
        found: dict[str, _Known] = {}
        news = News(changed=False)
        unreadable = 0
        until = time.monotonic() + SLICE
        for entry in entries:
            one = read(entry)
            if isinstance(one, Unreadable):
                unreadable += 1
                continue
            found[one.task_id] = self._judged(one, binder, news)
            if time.monotonic() > until:
                await asyncio.sleep(0)
                until = time.monotonic() + SLICE
        before, self._known = self._known, found
        others = before.keys() != found.keys()
        if others:
            self.triggers.keep(set(found))
        changed = others or any(known is not before[name] for name, known in found.items())
        return News(changed, news.unusable, news.triggered, unreadable)

    def _judged(self, entry: CoreTask, binder: Binder, news: News) -> _Known:
        before = self._known.get(entry.task_id)
        triggered = self.triggers.look(
            entry.task_id, entry.next_execution_at, entry.interval_seconds or 0,
            entry.last_executed_at,
        )  # fmt: skip
        if before is not None and before.work == entry.work:
            if triggered and before.task is not None:
                news.triggered.append(before.task.key)
            return before
        task, why = None, ""
        try:
            task = bind(entry, binder)
        except SettingsError as error:
            why = reason(error)
            if before is None or before.reason != why:
                news.unusable[entry.task_id] = why
        else:
            if triggered:
                news.triggered.append(task.key)
            if before is not None and before.task == task:
                task = before.task
        return _Known(entry.work, task, why, entry.device_type)


@contextmanager
def _no_collection() -> Generator[None]:
    """Without the garbage collector, which would look at every task again and again; and what has come to
    stay is left out of its later rounds.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
