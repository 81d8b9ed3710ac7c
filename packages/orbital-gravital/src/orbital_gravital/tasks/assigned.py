"""The tasks that Core assigns. With a new list, tasks that did not change remain the same objects."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from orbital_gravital.tasks.spec import CoreTask, Speaker, Unreadable, bind, read, reason
from orbital_gravital.tasks.trigger import Triggers
from orbital_runtime.extensions import UnusableTask
from orbital_runtime.settings import SettingsError
from orbital_runtime.slices import free, in_slices, without_collector
from orbital_runtime.threads import in_background

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    import msgspec

    from orbital_runtime.model import Task
    from orbital_runtime.settings.validation.binding import Binder


class _Known(NamedTuple):
    work: tuple[Any, ...]
    task: Task | None
    reason: str = ""
    device_type: str = ""
    number: int = 0
    device_id: str = ""
    plugin: str = ""


@dataclass(frozen=True, slots=True)
class News:
    """What is new in a list."""

    changed: bool
    """Whether any task was added, removed or changed."""
    unusable: dict[str, str] = field(default_factory=dict[str, str])
    """Tasks that cannot run and were not reported before, with the reason."""
    odd: dict[str, str] = field(default_factory=dict[str, str])
    """Tasks that can run, with a warning that was not reported before."""
    triggered: list[str] = field(default_factory=list[str])
    """Keys of tasks that were triggered at Core."""
    foreign: list[str] = field(default_factory=list[str])
    """Ids of tasks that another sentinel reports, too."""
    unreadable: int = 0
    """Entries without an id, or with the id of an earlier entry."""


class Assigned:
    """All assigned tasks, by Core's id."""

    def __init__(self) -> None:
        self.triggers = Triggers()
        self._known: dict[str, _Known] = {}
        self._unusable: dict[str, UnusableTask] = {}
        self._bindings = 0
        """Generation of the bindings; increased when they have to be made anew."""

    def __contains__(self, task_id: object) -> bool:
        """Whether the last list had this task."""
        return task_id in self._known

    def tasks(self) -> list[Task]:
        """Tasks that can run."""
        return [known.task for known in self._known.values() if known.task is not None]

    @property
    def able(self) -> int:
        """Number of tasks that can run."""
        return len(self._known) - len(self._unusable)

    def unusable(self) -> dict[str, UnusableTask]:
        """Tasks that cannot run, by id, with the reason."""
        return dict(self._unusable)

    def device_type(self, task_id: str) -> str:
        known = self._known.get(task_id)
        return "" if known is None else known.device_type

    def number(self, task_id: str) -> int:
        """Number of the task's row at Core; later tasks have greater numbers."""
        known = self._known.get(task_id)
        return 0 if known is None else known.number

    def forget_bindings(self) -> None:
        """Make every task anew at the next list: plugins or their defaults changed."""
        self._bindings += 1

    async def take(self, entries: Sequence[msgspec.Raw], binder: Binder) -> News:
        """Replace the tasks by this list, in slices, so that a long list does not block the event loop.

        An invalid task is left out and reported; the others run.
        """
        with without_collector():
            return await self._take(entries, binder)

    async def _take(self, entries: Sequence[msgspec.Raw], binder: Binder) -> News:
        found: dict[str, _Known] = {}
        news, bindings = News(changed=False), self._bindings
        changed, unreadable, speakers = False, 0, dict[str, Speaker]()
        async for entry in in_slices(entries):
            one = read(entry)
            if not one.task_id or one.task_id in found:
                unreadable += 1
                continue
            if isinstance(one, Unreadable):
                known = self._unread(one, news)
            elif one.enabled is False:  # Core does not list disabled tasks today
                continue
            else:
                plugin = one.plugin_name
                if plugin not in speakers:
                    await in_background(binder.prepare, plugin)
                    speakers[plugin] = Speaker.of(plugin, binder)
                work = bindings, *one.work
                known = self._judged(one, work, binder, speakers[plugin], news)
            found[one.task_id] = known
            changed = changed or known is not self._known.get(one.task_id)
        gone = [name async for name in in_slices(self._known) if name not in found]
        if gone or len(found) > len(self._known):
            await self._forget_triggers(found)
        self._unusable = {
            name: UnusableTask(known.reason, known.plugin, known.device_id)
            async for name, known in in_slices(found.items())
            if known.task is None
        }
        before, self._known = self._known, found
        await free(before)
        return replace(news, changed=changed or bool(gone), unreadable=unreadable)

    async def _forget_triggers(self, found: Container[str]) -> None:
        async for name in in_slices(self.triggers.names()):
            if name not in found:
                self.triggers.forget(name)

    def _unread(self, entry: Unreadable, news: News) -> _Known:
        before = self._known.get(entry.task_id)
        if before is not None and before.reason == entry.reason:
            return before
        news.unusable[entry.task_id] = entry.reason
        return _Known((), None, entry.reason)

    def _judged(
        self,
        entry: CoreTask,
        work: tuple[Any, ...],
        binder: Binder,
        speaker: Speaker,
        news: News,
    ) -> _Known:
        before = self._known.get(entry.task_id)
        triggered = self.triggers.look(
            entry.task_id, entry.next_execution_at, entry.interval_seconds or 0,
            entry.last_executed_at,
        )  # fmt: skip
        if self.triggers.is_foreign(entry.task_id, entry.last_executed_at):
            news.foreign.append(entry.task_id)
        if before is not None and before.work == work:
            if triggered and before.task is not None:
                news.triggered.append(before.task.key)
            return before
        task, why = None, ""
        try:
            task = bind(entry, binder, speaker)
        except SettingsError as error:
            why = reason(error)
            if before is None or before.reason != why:
                news.unusable[entry.task_id] = why
        else:
            if triggered:
                news.triggered.append(task.key)
            if before is not None and before.task == task:
                task = before.task
            elif task.warning:
                news.odd[entry.task_id] = task.warning
        return _Known(
            work, task, why, entry.device_type, entry.number, entry.device_id, entry.plugin_name
        )
