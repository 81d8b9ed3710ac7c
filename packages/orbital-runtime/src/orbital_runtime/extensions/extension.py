"""The base of every extension. Each method has an answer of its own that adds nothing."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from orbital_runtime.settings.model.addition import Addition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from prometheus_client.core import Metric

    from orbital_runtime.extensions.host import ExtensionHost
    from orbital_runtime.extensions.status import Reason, UnusableTask
    from orbital_runtime.model import Run, Task
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings.model.root import Settings
    from orbital_sdk import Batch


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an extension would do with a configuration."""

    role: str
    """For people, after "would": `work for ... at https://...`."""
    view: Mapping[str, Any]
    """The same for programs, as JSON has it."""


class Extension:
    """Takes part in the agent as a whole: hands out tasks, chooses among them, listens, delivers, tells.

    There is one instance an agent, whether or not the configuration has anything for it. Life:
    `__init__(host)`; `await start()` before tasks run; `await follow(old)` after each reload; `await stop()`
    at the end, when outputs have had their last flush. All methods are called on the event loop and must not
    block. An extension is trusted as the agent itself is: an error that it raises is the agent's.

    Its name is that of a settings section, of the source of its tasks (`NAME/ID`), of its output, and of its
    section of the status.
    """

    name: ClassVar[str]
    """Also the entry point's name in the group `orbital.extensions`."""
    summary: ClassVar[str] = ""
    """One sentence for lists."""
    contract: ClassVar[int] = 1
    """The contract of the runtime that it was written for. An agent that does not know it refuses it."""
    settings: ClassVar[Addition] = Addition()
    """What it adds to the configuration."""

    def __init__(self, host: ExtensionHost) -> None:
        self.host = host

    async def start(self) -> None:
        """Begin, if the settings say so. Waits for nobody on the network."""

    async def follow(self, old: Settings) -> None:
        """Go over to `host.settings`; those of before were `old`."""

    async def stop(self) -> None:
        """End within a few seconds. Safe without `start`, and safe twice."""

    def identity(self) -> tuple[str, str]:
        """The id and the name under which this sentinel is known; empty ones leave it to others."""
        return "", ""

    def tasks(self) -> Sequence[Task]:
        """The tasks that it hands out now; their `source` is its name."""
        return ()

    def unusable(self) -> Mapping[str, UnusableTask]:
        """Tasks that it would hand out and that cannot run here, by id."""
        return MappingProxyType({})

    async def arrange(self, tasks: Sequence[Task]) -> Sequence[Task]:
        """Those of all tasks that run here, in the form in which they do."""
        return tasks

    async def arranged(self, tasks: Sequence[Task]) -> None:
        """These are the tasks that run from now on."""

    def ran(self, task: Task, run: Run) -> None:
        """A run ended."""

    @property
    def witness(self) -> Callable[[Batch], None] | None:
        """Called for each batch that the buffer took; None where nobody looks. Asked for after `start` and
        `follow`.
        """
        return None

    def status(self) -> Mapping[str, Any] | None:
        """Its section of the status, as JSON has it; None where it does nothing."""
        return None

    def reasons(self) -> Iterable[Reason]:
        """What is not as it should be."""
        return ()

    def metrics(self) -> Iterable[Metric]:
        """Its families for `/metrics`."""
        return ()

    @classmethod
    def summarize(cls, status: Mapping[str, Any]) -> str:
        """What `status` gave, on one line for people."""
        return ", ".join(f"{name}: {value}" for name, value in status.items())

    @classmethod
    def outlook(cls, settings: Settings) -> Outlook | None:
        """What it would do with this configuration; None: nothing. Asks nobody."""
        return None

    @classmethod
    def known_tasks(
        cls, settings: Settings, registry: Registry, folder: Path
    ) -> Mapping[str, Callable[[], Task]]:
        """The tasks that it handed out last, by id, for commands that have no agent.

        Args:
            settings: A checked configuration.
            registry: What is installed.
            folder: The data folder.

        Returns:
            What makes each task; it raises ConfigurationError where the task cannot run.
        """
        return MappingProxyType({})
