"""The base of loaders, which make plugins of something else than a class in an installed package."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from orbital_sdk.contract.plugin import Plugin


class Loader:
    """Makes plugin classes from descriptions, such as a `plugin.yaml` that names a program.

    What it makes is an ordinary `Plugin` class: the agent does not know how it works inside. One instance is
    made without arguments, and loads many plugins.
    """

    name: ClassVar[str]
    """Also the entry point's name in the group `orbital.loaders`."""
    summary: ClassVar[str] = ""
    """One sentence for lists."""
    contract: ClassVar[int] = 1
    """The contract of the SDK that it was written for. An agent that does not know this one refuses it."""

    def fits(self, description: Mapping[str, Any]) -> bool:
        """Whether it loads this description, which names no loader."""
        return False

    def load(self, folder: Path, description: Mapping[str, Any]) -> type[Plugin[Any, Any]]:
        """The plugin class that this describes.

        Its `exclusive` may raise `NotKnownYet`. A class method `processes` gives a `ProcessState` for each of
        its processes, for status and metrics.

        May block for some seconds: it is called on a thread, or before the event loop runs. What it starts
        to find out about the plugin ends before it returns.

        Args:
            folder: Where relative paths of the description begin.
            description: Keys and values, as a user wrote them.

        Raises:
            ConfigurationError: There is no such plugin; says what to change.
        """
        raise NotImplementedError(f"loader {self.name!r} has no load()")


class NotKnownYet(Exception):  # noqa: N818 (reads as what happened)
    """Raised by `exclusive` of a loader's plugin that has to ask another process about a device first.

    Args:
        asking: Done when it may be asked again.
    """

    def __init__(self, asking: asyncio.Future[Any]) -> None:
        super().__init__("what the plugin states of this device is not known yet")
        self._asking = asking

    async def known(self) -> None:
        """Return when it may be asked again."""
        await asyncio.wait({self._asking})


class ProcessState(NamedTuple):
    """One process of a loader's plugin."""

    pid: int | None
    """None while it does not run."""
    version: str
    """Of what runs there; empty where nobody knows it yet."""
    down: str
    """Why it does not run; empty while it does."""
    parked: bool
    """It failed so often that it is left alone for a while."""
    restarts: int


def processes_of(plugin: type[Plugin[Any, Any]]) -> Sequence[ProcessState]:
    """The processes of a plugin class: what its class method `processes` gives; none without one."""
    give: Callable[[], Sequence[ProcessState]] = getattr(plugin, "processes", tuple)
    return give()
