"""Gravital Core as an extension of the agent. Holds the link to Core, if one is configured."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from orbital_gravital.addition import CORE, CoreAddition
from orbital_gravital.credentials import core_url, given, known
from orbital_gravital.sections import CoreSection, HeartbeatSection
from orbital_gravital.standing import line, reasons
from orbital_gravital.tasks.apart import Apart
from orbital_runtime.extensions import Extension, Preview
from orbital_runtime.settings import delivery_policy
from orbital_sdk.address import public_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from prometheus_client.core import Metric

    from orbital_gravital.link import CoreLink
    from orbital_gravital.standing import CoreStanding
    from orbital_runtime.extensions import ExtensionHost, Reason, UnusableTask
    from orbital_runtime.model import Run, Task
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import Addition, Settings
    from orbital_sdk import Batch

BATCH: Final = 1000
"""Maximum samples of one request: Core's queue refuses more than it has room for."""


class Gravital(Extension):
    """Registers at Core, runs the tasks that it assigns, and reports their runs."""

    name: ClassVar[str] = "core"
    summary: ClassVar[str] = "Gravital Core: tasks, reports, heartbeats, states of devices, samples"
    settings: ClassVar[Addition] = CoreAddition()

    def __init__(self, host: ExtensionHost) -> None:
        super().__init__(host)
        self.link: CoreLink | None = None
        self._apart = Apart(host.data, self._number)

    async def start(self) -> None:
        from orbital_gravital.plan import plan_of  # noqa: PLC0415 (what only an agent needs)

        plan = plan_of(self.host.settings, self.host.version, self.host.data)
        if plan is not None:
            from orbital_gravital.link import CoreLink  # noqa: PLC0415 (requests takes 100 ms, which only Core's users pay)

            self.link = CoreLink(plan, self.host)
            await self.link.start()
        await self._output()

    async def follow(self, old: Settings) -> None:
        """Replace the link if any of its parameters changed."""
        if _about_core(old) != _about_core(self.host.settings):
            before = self.link
            await self.stop()
            await self.start()
            if before is not None and self.link is not None:
                self.link.inherit(before)
        elif self.link is not None:
            self.link.assigned.forget_bindings()
            self.link.refresh()

    async def stop(self) -> None:
        """Send pending states and reports, and close the link."""
        link, self.link = self.link, None
        if link is not None:
            await link.stop()

    def identity(self) -> tuple[str, str]:
        settings = self.host.settings
        section = settings.section(CoreSection)
        found = given(settings.sentinel.id, section, "") or known(section)
        return ("", "") if found is None else (found.sentinel_id, found.name)

    def tasks(self) -> Sequence[Task]:
        return [] if self.link is None else self.link.assigned.tasks()

    def unusable(self) -> Mapping[str, UnusableTask]:
        return {} if self.link is None else self.link.assigned.unusable()

    async def arrange(self, tasks: Sequence[Task]) -> Sequence[Task]:
        """In mode `core`, tasks that Core could not distinguish get their id as a label."""
        if self.host.settings.sender.mode != CORE:  # other destinations get the task of each sample
            return tasks
        return await self._apart.label(tasks)

    async def arranged(self, tasks: Sequence[Task]) -> None:
        if self.link is not None:
            await self.link.keep(tasks)

    def ran(self, task: Task, run: Run) -> None:
        if self.link is not None:
            self.link.ran(task, run)

    @property
    def witness(self) -> Callable[[Batch], None] | None:
        return None if self.link is None else self.link.witness

    def standing(self) -> CoreStanding | None:
        """The state of the connection; None without a link."""
        return None if self.link is None else self.link.standing()

    def status(self) -> Mapping[str, Any] | None:
        now = self.standing()
        return None if now is None else asdict(now)

    def reasons(self) -> Iterable[Reason]:
        now = self.standing()
        return () if now is None else reasons(now)

    def metrics(self) -> Iterable[Metric]:
        from orbital_gravital.metrics import metrics  # noqa: PLC0415 (as above)

        return metrics(self.standing())

    @classmethod
    def summarize(cls, status: Mapping[str, Any]) -> str:
        return line(status)

    @classmethod
    def preview(cls, settings: Settings) -> Preview | None:
        section = settings.section(CoreSection)
        url = core_url(section)
        if not url:
            return None
        found = given(settings.sentinel.id, section, url) or known(section)
        view = {"address": public_address(url), "sentinel_id": found.sentinel_id if found else ""}
        who = f"as {view['sentinel_id']}" if found else "once it has registered there"
        return Preview(f"work for Gravital Core at {view['address']}, {who}", view)

    @classmethod
    def known_tasks(
        cls, settings: Settings, registry: Registry, folder: Path
    ) -> Mapping[str, Callable[[], Task]]:
        from orbital_gravital.known import known_tasks  # noqa: PLC0415 (as above)

        return known_tasks(settings, registry, folder)

    def _number(self, task: Task) -> int:
        link = self.link if task.source == self.name else None
        return 0 if link is None else link.assigned.number(task.id)

    async def _output(self) -> None:
        """In mode `core` all samples are for Core; in other modes only those that already wait for it."""
        mode, timeout = (
            self.host.settings.sender.mode,
            self.host.settings.section(CoreSection).timeout,
        )
        writer = None if self.link is None else self.link.writer()
        pass_on = self.host.deliver if mode == CORE else self.host.finish
        usual = delivery_policy(self.host.settings)
        policy = replace(
            usual, batch_size=min(BATCH, usual.batch_size), timeout=max(usual.timeout, timeout)
        )
        await pass_on(writer, policy)


def _about_core(settings: Settings) -> tuple[object, ...]:
    sections = settings.section(CoreSection), settings.section(HeartbeatSection)
    return (
        *sections,
        settings.sentinel,
        settings.sender.mode,
        settings.collector.task_fetch_interval,
    )
