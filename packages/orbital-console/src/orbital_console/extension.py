"""The console as an extension of the agent: it observes runs and batches, and serves routes."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from orbital_console.history.history import History
from orbital_console.section import ConsoleSection
from orbital_runtime.extensions import Extension
from orbital_runtime.settings.model.addition import Addition

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.routing import BaseRoute

    from orbital_runtime.extensions import ExtensionHost, Views
    from orbital_runtime.model import Run, Task
    from orbital_runtime.settings.model.root import Settings
    from orbital_sdk import Batch


class ConsoleAddition(Addition):
    """Section `console`."""

    sections = MappingProxyType({"console": ConsoleSection})


class Console(Extension):
    """Pages for people, and the history that they show."""

    name = "console"
    summary = "Shows which device is down, since when, why, and what to do."
    settings = ConsoleAddition()

    def __init__(self, host: ExtensionHost) -> None:
        super().__init__(host)
        self.history = History(self._section.memory)
        self._enabled = self._section.enabled

    @property
    def _section(self) -> ConsoleSection:
        return self.host.settings.section(ConsoleSection)

    async def follow(self, old: Settings) -> None:
        if old.section(ConsoleSection) != self._section:
            self.history.begin(self._section.memory)
            self._enabled = self._section.enabled

    def ran(self, task: Task, run: Run) -> None:
        if self._enabled:
            self.history.runs.add(task.key, run)

    async def arranged(self, tasks: Sequence[Task]) -> None:
        self.history.runs.keep({task.key for task in tasks})

    @property
    def witness(self) -> Callable[[Batch], None] | None:
        return self.history.values.add if self._enabled else None

    def routes(self, views: Views) -> Sequence[BaseRoute]:
        from orbital_console.routes import routes  # noqa: PLC0415 (late: commands don't serve)

        return routes(self.history, views, shown=self._enabled)
