"""A made-up extension for tests: it does a little of everything that an extension may."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import Field, SecretStr

from orbital_runtime.extensions import Extension, Preview, Reason, UnusableTask
from orbital_runtime.settings import delivery_policy
from orbital_runtime.settings.model.addition import Addition
from orbital_runtime.settings.model.base import SecretLine, Section
from orbital_runtime.settings.model.collector import TaskSection
from orbital_runtime.settings.note import Note
from orbital_runtime.telemetry.metrics.families import gauge
from orbital_sdk import Writer, WriterConfig, Written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from prometheus_client.core import Metric

    from orbital_runtime.extensions import ExtensionHost
    from orbital_runtime.model import Run, Task
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import Settings
    from orbital_sdk import Attempt, Batch


class DepotSection(Section):
    """A made-up place that hands out tasks and takes samples."""

    url: str = ""
    """Its address."""
    token: SecretLine = SecretStr("")
    """What it asks for."""
    verify: bool = True
    """Whether its certificate is looked at."""
    plugin: str = "gauge"
    """Of the tasks that it hands out."""
    hosts: list[str] = Field(default_factory=list[str])
    """The device of each."""


class DepotAddition(Addition):
    """Section `depot`; mode `depot` for its output alone, `both` beside the others."""

    sections = MappingProxyType({"depot": DepotSection})
    modes = MappingProxyType({"depot": False, "both": True})
    renamed = MappingProxyType({("depot_url",): ("depot", "url")})
    template = "# depot:\n#   url: https://depot.example.com\n"

    def gives_tasks(self, settings: Settings) -> bool:
        return bool(settings.section(DepotSection).url)

    def usual_mode(self, settings: Settings) -> str:
        return "depot" if settings.section(DepotSection).url else ""

    def notes(self, settings: Settings) -> Iterator[Note]:
        if settings.sender.mode == "depot" and not settings.section(DepotSection).url:
            yield Note("sender.mode", "is depot, and there is none; samples wait in the buffer")


class DepotWriter(Writer[WriterConfig]):
    """Keeps what it got."""

    name = "depot"

    def __init__(self) -> None:
        super().__init__(WriterConfig())
        self.taken: list[Batch] = []

    async def write(self, batches: Sequence[Batch], attempt: Attempt) -> Written:
        self.taken += batches
        return Written(0)


class Depot(Extension):
    """Hands out a task for each host."""

    name = "depot"
    summary = "A made-up depot"
    settings = DepotAddition()

    def __init__(self, host: ExtensionHost) -> None:
        super().__init__(host)
        self.log: list[str] = []
        self.writer = DepotWriter()
        self.seen: list[Batch] = []
        self._tasks: list[Task] = []

    @property
    def section(self) -> DepotSection:
        """Its section of the present settings."""
        return self.host.settings.section(DepotSection)

    async def start(self) -> None:
        self.log.append("start")
        self._tasks = list(_tasks(self.host.binder().bind, self.section))
        writer = self.writer if self.section.url else None
        if self.host.settings.sender.mode == "depot":
            await self.host.deliver(writer, delivery_policy(self.host.settings))
        else:
            await self.host.finish(writer, delivery_policy(self.host.settings))

    async def follow(self, old: Settings) -> None:
        if (
            old.section(DepotSection) != self.section
            or old.sender.mode != self.host.settings.sender.mode
        ):
            await self.start()

    async def stop(self) -> None:
        self.log.append("stop")

    def identity(self) -> tuple[str, str]:
        return ("depot-id", "depot-name") if self.section.url else ("", "")

    def tasks(self) -> Sequence[Task]:
        return self._tasks

    def unusable(self) -> Mapping[str, UnusableTask]:
        return (
            {"odd": UnusableTask("nobody knows why", "gauge", "dev-1")} if self.section.url else {}
        )

    async def arrange(self, tasks: Sequence[Task]) -> Sequence[Task]:
        return [task for task in tasks if task.id != "elsewhere"]

    async def arranged(self, tasks: Sequence[Task]) -> None:
        self.log.append(f"runs {' '.join(task.key for task in tasks)}")

    def ran(self, task: Task, run: Run) -> None:
        self.log.append(f"{task.key} {run.status}")

    @property
    def witness(self) -> Callable[[Batch], None] | None:
        return self.seen.append if self.section.url else None

    def status(self) -> Mapping[str, Any] | None:
        return {"address": self.section.url} if self.section.url else None

    def reasons(self) -> Iterable[Reason]:
        if self.section.url.endswith("/away"):
            yield Reason("depot_away", "the depot does not answer", blocks=False)

    def metrics(self) -> Iterable[Metric]:
        yield gauge("sentinel_depot_tasks", "Tasks of the depot", len(self._tasks))

    @classmethod
    def preview(cls, settings: Settings) -> Preview | None:
        url = settings.section(DepotSection).url
        return Preview(f"work for {url}", {"address": url}) if url else None

    @classmethod
    def known_tasks(
        cls, settings: Settings, registry: Registry, folder: Path
    ) -> Mapping[str, Callable[[], Task]]:
        return {}


def _tasks(bind: Callable[[TaskSection], Task], section: DepotSection) -> Iterator[Task]:
    for host in section.hosts:
        task = TaskSection(id=host, plugin=section.plugin, interval=60, config={"host": host})
        yield replace(bind(task), source="depot")
