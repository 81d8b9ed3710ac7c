"""The console as an extension of the agent: it observes what happens, and serves routes."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from orbital_console.events import Events
from orbital_console.history.history import LINES, History
from orbital_console.section import ConsoleSection
from orbital_runtime.extensions import Extension
from orbital_runtime.settings.model.addition import Addition

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.routing import BaseRoute

    from orbital_runtime.extensions import ExtensionHost
    from orbital_runtime.model import Run, Task
    from orbital_runtime.reload import Reload
    from orbital_runtime.settings.model.root import Settings
    from orbital_sdk import Batch

RECORD_EVERY: Final = 5.0
"""Seconds between two looks at outputs and processors."""


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
        self.events = Events()
        self._enabled = self._section.enabled
        self._recording: asyncio.Task[None] | None = None

    @property
    def _section(self) -> ConsoleSection:
        return self.host.settings.section(ConsoleSection)

    async def start(self) -> None:
        self._recording = asyncio.create_task(self._record_regularly(), name="console")
        self._follow_log()

    async def follow(self, old: Settings) -> None:
        if old.section(ConsoleSection) != self._section:
            logging.getLogger().removeHandler(self.history.log)
            self.history.begin(self._section.memory)
            self._enabled = self._section.enabled
            self._follow_log()

    async def stop(self) -> None:
        self.events.close()
        logging.getLogger().removeHandler(self.history.log)
        recording, self._recording = self._recording, None
        if recording is not None:
            recording.cancel()
            with suppress(asyncio.CancelledError):
                await recording

    def ran(self, task: Task, run: Run) -> None:
        if not self._enabled:
            return
        self.history.flow.plugins[task.plugin] += run.samples
        if self.history.runs.add(task.key, run):
            self.events.publish("task", task=task.key, device=task.device_id, error=run.error)

    async def arranged(self, tasks: Sequence[Task]) -> None:
        self.history.runs.keep({task.key for task in tasks})

    def reloaded(self, outcome: Reload) -> None:
        if self._enabled:
            kept = replace(outcome, changes=_few(outcome.changes), problems=_few(outcome.problems))
            self.history.reloads.append(kept)
            self.events.publish("reload", by=outcome.by, refused=bool(outcome.problems))

    @property
    def witness(self) -> Callable[[Batch], None] | None:
        return self.history.values.add if self._enabled else None

    def routes(self) -> Sequence[BaseRoute]:
        from orbital_console.api.context import Context  # noqa: PLC0415 (late: commands don't serve)
        from orbital_console.routes import routes  # noqa: PLC0415 (as above)

        context = Context(self.host, self.history, self.events)
        return routes(context, shown=self._enabled)

    def record(self) -> None:
        """Look at outputs and processors."""
        views, clock = self.host.views, self.host.clock
        known = views.outputs()
        for name in self.history.outputs.record(clock.utc_ms(), known):
            self.events.publish("output", output=name)
        counts = {f"output {one['name']}": one.get("sent_samples", 0) for one in known}
        for name, counted in views.processors().items():
            counts |= {f"{what} {name}": count for what, count in counted.items()}
        refused = views.plugins()["refused_samples"]
        counts |= {f"limit {name}": count for name, count in refused.items()}
        self.history.flow.look(clock.steady(), counts)

    async def _record_regularly(self) -> None:
        while True:
            if self._enabled:
                self.record()
            await asyncio.sleep(RECORD_EVERY)

    def _follow_log(self) -> None:
        if self._enabled:
            logging.getLogger().addHandler(self.history.log)


def _few(lines: Sequence[str]) -> tuple[str, ...]:
    more = f"and {len(lines) - LINES:,} more"
    return (*(line[:1000] for line in lines[:LINES]), *([more] if len(lines) > LINES else ()))
