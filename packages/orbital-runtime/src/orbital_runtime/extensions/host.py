"""What the agent does for an extension. One host belongs to one extension and lives as long as the agent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orbital_runtime.clock import Clock
    from orbital_runtime.delivery_policy import DeliveryPolicy
    from orbital_runtime.model import Task
    from orbital_runtime.settings.model.root import Settings
    from orbital_runtime.settings.validation.binding import Binder
    from orbital_sdk import Writer


@dataclass(frozen=True, slots=True)
class Counts:
    """What the agent has at the moment."""

    tasks: int
    plugins: int
    """Those that are started."""
    uptime: float
    """Seconds."""


class ExtensionHost(Protocol):
    """Called on the event loop. Nothing here blocks."""

    clock: Clock
    version: str
    """Of the program."""
    data: Path
    """The agent's data folder; it may not be there yet."""

    @property
    def settings(self) -> Settings:
        """Those that hold now."""
        ...

    def binder(self) -> Binder:
        """Makes tasks with the present settings; keys that a plugin does not know are passed over."""
        ...

    def metadata(self, plugin: str) -> Mapping[str, Any]:
        """What a plugin declares about itself; nothing where it cannot be used."""
        ...

    def counts(self) -> Counts: ...

    def runs(self, task: Task) -> bool:
        """Whether this task runs here, on this device, still."""
        ...

    async def apply(self) -> None:
        """`tasks()` or `arrange()` of the extension gives something else from now on."""
        ...

    def trigger(self, key: str) -> None:
        """Run this task now, beside whatever goes on."""
        ...

    def reload(self) -> None:
        """Read the configuration again, beside whatever goes on."""
        ...

    def become(self, sentinel_id: str) -> None:
        """Collect under this id from now on."""
        ...

    async def deliver(self, writer: Writer[Any] | None, policy: DeliveryPolicy) -> None:
        """All samples from now on go to the extension's output, too.

        Args:
            writer: Takes them; None: they wait in the buffer.
            policy: How; `orbital_runtime.settings.delivery_policy` gives what `sender` says.
        """
        ...

    async def finish(self, writer: Writer[Any] | None, policy: DeliveryPolicy) -> None:
        """New samples do not go to the extension's output any more; what waits for it is delivered.

        Args:
            writer: Takes it; None: it waits in the buffer as that of any removed output.
            policy: As in `deliver`.
        """
        ...

    def hurry(self) -> None:
        """The destination of the extension's output is there again: deliver now."""
        ...
