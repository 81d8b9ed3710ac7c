"""The base class of extensions. The default of each method does nothing."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from orbital_runtime.settings.model.addition import Addition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from prometheus_client.core import Metric
    from starlette.routing import BaseRoute

    from orbital_runtime.extensions.host import ExtensionHost
    from orbital_runtime.extensions.status import Reason, UnusableTask
    from orbital_runtime.model import Run, Task
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.reload import Reload
    from orbital_runtime.settings.model.root import Settings
    from orbital_sdk import Batch


@dataclass(frozen=True, slots=True)
class Preview:
    """What an extension would do with a configuration."""

    role: str
    """A phrase that completes "would": `work for ... at https://...`."""
    view: Mapping[str, Any]
    """The same for programs, as JSON types."""


class Extension:
    """Takes part in the agent: gives and selects tasks, observes runs and batches, delivers, reports status.

    There is one instance for each agent, even without settings for it. Life cycle:
    `__init__(host)`; `await start()` before tasks run; `await follow(old)` after each reload; `await stop()`
    at the end, after the last flush of the outputs. All methods are called on the event loop and must not
    block. An extension is trusted like the agent itself: its errors are not isolated.

    Its name is also that of its settings section, of the source of its tasks (`NAME/ID`), of its output, and
    of its section of the status.
    """

    name: ClassVar[str]
    """Also the entry point's name in the group `orbital.extensions`."""
    summary: ClassVar[str] = ""
    """One sentence for lists."""
    contract: ClassVar[int] = 1
    """The contract version that it was written for. An agent refuses versions that it does not support."""
    settings: ClassVar[Addition] = Addition()
    """Its additions to the configuration."""

    def __init__(self, host: ExtensionHost) -> None:
        self.host = host

    async def start(self) -> None:
        """Start, if the settings enable it. Must not wait for the network."""

    async def follow(self, old: Settings) -> None:
        """Apply the new `host.settings` after a reload; `old` are the previous ones."""

    async def stop(self) -> None:
        """Stop within a few seconds. Safe without `start`, and idempotent."""

    def identity(self) -> tuple[str, str]:
        """Id and name of this sentinel; empty strings if the extension does not define them."""
        return "", ""

    def tasks(self) -> Sequence[Task]:
        """The tasks that it gives now; their `source` is its name."""
        return ()

    def unusable(self) -> Mapping[str, UnusableTask]:
        """Tasks that it would give but that cannot run here, by id."""
        return MappingProxyType({})

    async def arrange(self, tasks: Sequence[Task]) -> Sequence[Task]:
        """Select the tasks that run here from all tasks; may change them."""
        return tasks

    async def arranged(self, tasks: Sequence[Task]) -> None:
        """Called with the tasks that run from now on."""

    def ran(self, task: Task, run: Run) -> None:
        """Called when a run ended."""

    def reloaded(self, outcome: Reload) -> None:
        """Called after each reload, also a refused one."""

    @property
    def witness(self) -> Callable[[Batch], None] | None:
        """A callback for each batch that the buffer accepted, or None. Requested after `start` and after
        `follow`.
        """
        return None

    def status(self) -> Mapping[str, Any] | None:
        """Its section of the status, as JSON types; None while it is not in use."""
        return None

    def reasons(self) -> Iterable[Reason]:
        """Reasons why it is not healthy."""
        return ()

    def metrics(self) -> Iterable[Metric]:
        """Its metric families for `/metrics`."""
        return ()

    def routes(self) -> Sequence[BaseRoute]:
        """Its HTTP routes, which only read. `/` replaces the list of pages."""
        return ()

    @classmethod
    def summarize(cls, status: Mapping[str, Any]) -> str:
        """One line of text for what `status` returned."""
        return ", ".join(f"{name}: {value}" for name, value in status.items())

    @classmethod
    def preview(cls, settings: Settings) -> Preview | None:
        """What it would do with this configuration; None for nothing. No network access."""
        return None

    @classmethod
    def known_tasks(
        cls, settings: Settings, registry: Registry, folder: Path
    ) -> Mapping[str, Callable[[], Task]]:
        """The tasks that it gave last, by id, for commands that run without an agent.

        Args:
            settings: A checked configuration.
            registry: What is installed.
            folder: The data folder.

        Returns:
            A function for each task that makes it, or raises ConfigurationError where it cannot run.
        """
        return MappingProxyType({})
