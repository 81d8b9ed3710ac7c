"""The loader of isolated plugins: an installed plugin, its instances in processes of their own."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, ClassVar, Final

from orbital_plugin_host.remote.fleet import Fleet
from orbital_plugin_host.remote.framed import connect
from orbital_plugin_host.remote.isolated import isolated
from orbital_plugin_host.remote.process import Command
from orbital_sdk import ConfigurationError
from orbital_sdk.limits import Limits
from orbital_sdk.loader import Loader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orbital_sdk import Plugin

GROUP: Final = "orbital.plugins"


class HostLoader(Loader):
    """`load(folder, {"plugin": "ping", "processes": 2, "memory": 2**29, ...})`."""

    name: ClassVar[str] = "host"
    summary: ClassVar[str] = "Installed plugins in processes of their own"

    def load(self, folder: Path, description: Mapping[str, Any]) -> type[Plugin[Any, Any]]:
        name = str(description["plugin"])
        points = entry_points(group=GROUP, name=name)
        if not points:
            raise ConfigurationError(f"no plugin is called {name!r}", field="plugin")
        original: type[Plugin[Any, Any]] = next(iter(points)).load()
        limits = Limits(
            **{key: int(description.get(key, 0)) for key in ("memory", "cpu", "files", "tasks")},
            user=str(description.get("user", "")),
        )
        limits.owner()  # refuse one that it cannot become
        program = sys.executable, "-P", "-m", __package__ or "orbital_plugin_host", name
        command = Command(name, program, limits=limits)
        fleet = Fleet(command, connect, int(description.get("processes", 1)))
        return isolated(original, fleet)
