"""Where each plugin runs: in the agent, or in processes of its own."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from orbital_runtime.plugins.installed import InstalledPackages
from orbital_runtime.plugins.registry import NotInstalled
from orbital_sdk import ConfigurationError
from orbital_sdk.loader import processes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_runtime.plugins.installed import Installed
    from orbital_runtime.plugins.registry import Registry
    from orbital_sdk import Plugin
    from orbital_sdk.loader import ProcessState

HOST: Final = "host"
"""The loader of installed plugins."""
PACKAGE: Final = "orbital-plugin-host"
"""What brings it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What settings say about one plugin."""

    isolation: Literal["none", "process", "auto"] = "none"
    processes: int = 1
    limits: Mapping[str, int] = field(default_factory=dict[str, int])
    """Of each process."""
    user: str = ""
    """That each process becomes; empty: that of the agent."""


class Placed(NamedTuple):
    """A plugin as it runs."""

    name: str
    loaded: str
    """Version that runs; empty where it is in no package."""
    installed: str
    """Version that is installed now."""
    processes: Sequence[ProcessState]
    """None where it runs in the agent."""

    @property
    def is_outdated(self) -> bool:
        """Whether anything runs of it that is not what is installed."""
        running = {one.version for one in self.processes if one.version} or {self.loaded}
        return running != {self.installed}


def can_isolate(registry: Registry) -> bool:
    """Whether plugins can have processes of their own here."""
    return HOST in registry.names("loader")


class Placement:
    """Gives the class of each plugin that new instances are made of.

    Args:
        registry: What is installed.
        choice: What settings say now.
    """

    def __init__(self, registry: Registry, choice: Callable[[str], Choice]) -> None:
        self._registry = registry
        self._choice = choice
        self._isolated: dict[str, type[Plugin[Any, Any]]] = {}
        self._packages = InstalledPackages()

    def cls(self, name: str) -> type[Plugin[Any, Any]]:
        """The class in use; raises as `Registry.plugin` and `isolate` do."""
        if name in self._isolated:
            return self._isolated[name]
        installed = self._registry.plugin(name)
        in_agent = self._choice(name).isolation != "process" or self._registry.is_made(name)
        if in_agent or processes_of(installed):
            return installed
        made = self._isolated[name] = self.isolate(name)
        return made

    def placed(self, name: str) -> Placed:
        """Where it runs, in which version. For plugins that have started."""
        _, loaded = self._registry.source(name)
        found = self.installed(name)
        installed = (
            found.version if found else loaded
        )  # a folder, taken away, no descriptor is left
        processes: Sequence[ProcessState] = ()
        with suppress(ConfigurationError):  # its folder is gone, and its last instance ends soon
            processes = processes_of(self._isolated.get(name) or self._registry.plugin(name))
        loaded = next((one.version for one in processes if one.version), loaded)
        return Placed(name, loaded, installed, processes)

    def installed(self, name: str) -> Installed | None:
        """The package that this plugin has now; None where it has none."""
        distribution, _ = self._registry.source(name)
        return self._packages.of(distribution) if distribution else None

    def may_move(self, name: str) -> bool:
        """Whether it runs in the agent, and may be moved to processes without being asked for."""
        chosen = self._choice(name).isolation == "auto" and name not in self._isolated
        return chosen and can_isolate(self._registry) and not self._registry.is_made(name)

    def isolate(self, name: str) -> type[Plugin[Any, Any]]:
        """The plugin with processes of its own, in the version that is installed now; not in use yet.

        Raises:
            ConfigurationError: It cannot have any; says what to install.
        """
        if self._registry.is_made(name):
            raise ConfigurationError(
                f"plugin {name!r} of {self._registry.source(name)[0]} is not an installed package,"
                " and cannot be moved to a process of its own"
            )
        try:
            loader = self._registry.loader(HOST)()
        except NotInstalled as error:
            raise ConfigurationError(
                f"plugin {name!r} cannot run in a process of its own: `pip install {PACKAGE}`"
            ) from error
        choice = self._choice(name)
        described = {
            "plugin": name, "processes": choice.processes, "user": choice.user, **choice.limits,
        }  # fmt: skip
        return loader.load(Path.cwd(), described)

    def use(self, cls: type[Plugin[Any, Any]]) -> None:
        """Make new instances of this class."""
        self._isolated[cls.name] = cls
