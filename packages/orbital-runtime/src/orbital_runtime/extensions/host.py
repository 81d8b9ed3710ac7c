"""The agent's interface for an extension. Each extension has one host, which lives as long as the agent."""

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
    """Current figures of the agent."""

    tasks: int
    plugins: int
    """Started plugins."""
    uptime: float
    """Seconds since the start of the agent."""
    config_error: str = ""
    """The first error of the configuration file, if it was refused when it was read last."""


class Views(Protocol):
    """The agent's state as plain data, as `/api/v1` serves it."""

    async def status(self) -> dict[str, Any]:
        """The answer of `/api/v1/status`."""
        ...

    async def tasks(
        self, *, limit: int, offset: int = 0, wanted: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The answer of `/api/v1/tasks`.

        Args:
            limit: Maximum tasks.
            offset: Number of tasks before the first one.
            wanted: Only tasks with these values of `key`, `status`, `plugin` or `device_id`.
        """
        ...

    def outputs(self) -> list[dict[str, Any]]:
        """The answer of `/api/v1/outputs`."""
        ...

    def plugins(self) -> dict[str, Any]:
        """The answer of `/api/v1/plugins`."""
        ...

    def ledger(self) -> dict[str, dict[str, Any]]:
        """The answer of `/api/v1/ledger`."""
        ...

    def processors(self) -> dict[str, dict[str, int]]:
        """The answer of `/api/v1/processors`."""
        ...

    def attempts(self) -> dict[str, list[dict[str, Any]]]:
        """The last requests of each output, the oldest first."""
        ...


class ExtensionHost(Protocol):
    """Call it on the event loop only. Nothing here blocks."""

    clock: Clock
    version: str
    """Version of the program."""
    data: Path
    """The agent's data folder; it may not exist yet."""

    @property
    def settings(self) -> Settings:
        """The current settings."""
        ...

    @property
    def views(self) -> Views:
        """The state of the agent."""
        ...

    def configuration(self) -> dict[str, Any]:
        """The configuration in effect as JSON types, secrets masked. For a thread: it may be long."""
        ...

    def binder(self) -> Binder:
        """Makes tasks with the current settings; ignores keys that a plugin does not know."""
        ...

    def metadata(self, plugin: str) -> Mapping[str, Any]:
        """The metadata that a plugin declares; empty where it cannot be used."""
        ...

    def counts(self) -> Counts: ...

    def runs(self, task: Task) -> bool:
        """Whether this task still runs here, with the same device."""
        ...

    async def apply(self) -> None:
        """Announce that the results of `tasks()` or `arrange()` have changed."""
        ...

    def trigger(self, key: str) -> None:
        """Run this task now. Does not wait for the run."""
        ...

    def reload(self) -> None:
        """Reload the configuration. Does not wait for the reload."""
        ...

    def set_identity(self, sentinel_id: str) -> None:
        """Use this sentinel id from now on."""
        ...

    async def deliver(self, writer: Writer[Any] | None, policy: DeliveryPolicy) -> None:
        """Deliver all new samples to the extension's output as well.

        Args:
            writer: Delivers them; None keeps them in the buffer.
            policy: How; `orbital_runtime.settings.delivery_policy` gives that of the `sender` section.
        """
        ...

    async def finish(self, writer: Writer[Any] | None, policy: DeliveryPolicy) -> None:
        """Stop adding new samples to the extension's output; deliver those that still wait.

        Args:
            writer: Delivers them; None keeps them in the buffer, as for any removed output.
            policy: As in `deliver`.
        """
        ...

    def send_now(self) -> None:
        """The destination of the extension's output is reachable again: deliver now."""
        ...
